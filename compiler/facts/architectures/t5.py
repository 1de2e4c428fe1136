"""T5, mT5 and UMT5: an encoder and a decoder that share one embedding.

Source: transformers 5.23.0, models/{t5,mt5,umt5}/modeling_*.py. Which positions attend to which is learned: by the
first layers alone, in UMT5 by every layer. Since transformers 5 the output is always tied.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import embedding, linear, norm
from llmc.compiler.facts.architectures.shape import Shape, Unreadable
from llmc.compiler.facts.modules import Layers, Parameters, Part

TYPES = ("mt5", "t5", "umt5")


def describe(shape: Shape) -> Parameters:
    """No biases; the decoder's layers also attend to what the encoder made."""
    width, rows = shape.size("d_model"), shape.size("vocab_size")
    encoder, is_alike = shape.places("num_layers"), shape.optional("num_decoder_layers") is None
    if is_alike and shape.says("num_hidden_layers"):
        raise Unreadable("num_decoder_layers")  # the decoder takes num_layers' default, the encoder this other name
    decoder = encoder if is_alike else shape.places("num_decoder_layers")
    return Parameters(
        shape.kind,
        embedding("shared", rows, width),
        linear("lm_head", width, rows),
        True,
        (*_stack(shape, "encoder", encoder), *_stack(shape, "decoder", decoder)),
        (norm("encoder.final_layer_norm", width), norm("decoder.final_layer_norm", width)),
        twins=(embedding("encoder.embed_tokens", rows, width), embedding("decoder.embed_tokens", rows, width)),
    )


def _stack(shape: Shape, side: str, places: range) -> tuple[Layers, ...]:
    first, rest = _layer(shape, side, True), _layer(shape, side, shape.kind == "umt5")
    alike = (Layers(f"{side}.block", places[:1], *first), Layers(f"{side}.block", places[1:], *rest))
    return alike if len(places) > 1 else alike[:1]


def _layer(shape: Shape, side: str, positions: bool) -> tuple[tuple[Part, ...], tuple[Part, ...], tuple[Part, ...]]:
    width, has_cross = shape.size("d_model"), side == "decoder"
    attention = _attention(shape, "layer.0.SelfAttention")
    if positions:
        name = "layer.0.SelfAttention.relative_attention_bias"
        attention += (embedding(name, shape.size("relative_attention_num_buckets"), shape.size("num_heads")),)
    if has_cross:
        attention += _attention(shape, "layer.1.EncDecAttention")
    last = 2 if has_cross else 1
    norms = tuple(norm(f"layer.{place}.layer_norm", width) for place in range(last + 1))
    return attention, _mlp(shape, f"layer.{last}.DenseReluDense"), norms


def _attention(shape: Shape, at: str) -> tuple[Part, ...]:
    width, inner = shape.size("d_model"), shape.size("num_heads") * shape.size("d_kv")
    inward = tuple(linear(f"{at}.{name}", width, inner) for name in "qkv")
    return (*inward, linear(f"{at}.o", inner, width))


def _mlp(shape: Shape, at: str) -> tuple[Part, ...]:
    width, inner, how = shape.size("d_model"), shape.size("d_ff"), shape.text("feed_forward_proj").split("-")
    if len(how) > 2 or (len(how) == 2 and how[0] != "gated"):
        raise Unreadable("feed_forward_proj")
    inward = ("wi_0", "wi_1") if how[0] == "gated" else ("wi",)
    return (*(linear(f"{at}.{name}", width, inner) for name in inward), linear(f"{at}.wo", inner, width))
