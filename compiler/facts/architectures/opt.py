"""OPT: learned positions, two more than it says; the embedding may be narrower than the model.

Source: transformers 5.23.0, models/opt/modeling_opt.py. opt-350m is the one with projections and without a last norm.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import embedding, linear
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Layers, Parameters, Part

TYPES = ("opt",)


def describe(shape: Shape) -> Parameters:
    """Biases everywhere, unless `enable_bias` says otherwise; the MLP stands in the layer itself."""
    width, rows, inner = shape.size("hidden_size"), shape.size("vocab_size"), shape.size("ffn_dim")
    narrow, bias = shape.optional("word_embed_proj_dim") or width, shape.flag("enable_bias")
    attention = tuple(linear(f"self_attn.{name}_proj", width, width, bias) for name in ("k", "v", "q", "out"))
    mlp = (linear("fc1", width, inner, bias), linear("fc2", inner, width, bias))
    norms = (_norm(shape, "self_attn_layer_norm"), _norm(shape, "final_layer_norm"))
    return Parameters(
        shape.kind,
        embedding("model.decoder.embed_tokens", rows, narrow),
        linear("lm_head", narrow, rows),
        shape.flag("tie_word_embeddings"),
        (Layers("model.decoder.layers", shape.places("num_hidden_layers"), attention, mlp, norms),),
        _others(shape, width, narrow),
    )


def _norm(shape: Shape, name: str) -> Part:
    width = shape.size("hidden_size") if shape.flag("layer_norm_elementwise_affine") else 0
    return Part(name, "norm", 1, width, width)


def _others(shape: Shape, width: int, narrow: int) -> tuple[Part, ...]:
    found = [embedding("model.decoder.embed_positions", shape.size("max_position_embeddings") + 2, width)]
    if narrow != width:
        found += [linear("model.decoder.project_out", width, narrow), linear("model.decoder.project_in", narrow, width)]
    if shape.flag("do_layer_norm_before") and not shape.flag("_remove_final_layer_norm"):
        found.append(_norm(shape, "model.decoder.final_layer_norm"))
    return tuple(found)
