"""What many architectures share: the usual parts, and the usual ways to put them together.

Names and shapes are those of transformers 5.23.0, models/*/modeling_*.py.
"""

from __future__ import annotations

from typing import NamedTuple

from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Layers, Parameters, Part


class Heads(NamedTuple):
    """How wide queries are together, how wide keys are together, and one head."""

    queries: int
    keys: int
    head: int


def heads(shape: Shape) -> Heads:
    """Read the heads. Heads share keys where there are fewer of these; one is as wide as is said, or its share."""
    count = shape.size("num_attention_heads")
    head = shape.optional("head_dim") or shape.size("hidden_size") // count
    shared = shape.optional("num_key_value_heads") or count
    return Heads(count * head, shared * head, head)


def linear(name: str, inputs: int, outputs: int, bias: bool = False) -> Part:
    """A linear layer."""
    return Part(name, "linear", inputs, outputs, outputs if bias else 0)


def norm(name: str, width: int, bias: bool = False) -> Part:
    """A norm with one weight a channel."""
    return Part(name, "norm", 1, width, width if bias else 0)


def embedding(name: str, rows: int, width: int) -> Part:
    """A table of vectors."""
    return Part(name, "embedding", rows, width)


def attention(
    shape: Shape,
    bias: bool = False,
    out_bias: bool = False,
    *,
    norms: tuple[str, ...] = (),
    out: str = "o_proj",
) -> tuple[Part, ...]:
    """The attention of Llama and most others; `bias` is that of queries, keys and values.

    `norms` are the names of norms over one head, `out` is that of the output.
    """
    width, (queries, keys, head) = shape.size("hidden_size"), heads(shape)
    found = (
        linear("self_attn.q_proj", width, queries, bias),
        linear("self_attn.k_proj", width, keys, bias),
        linear("self_attn.v_proj", width, keys, bias),
        linear(f"self_attn.{out}", queries, width, out_bias),
    )
    return found + tuple(norm(f"self_attn.{name}", head) for name in norms)


def gated_mlp(width: int, inner: int, bias: bool = False, at: str = "mlp") -> tuple[Part, ...]:
    """The feed-forward layer of Llama: two matrices in, of which one is a gate, and one out."""
    return (
        linear(f"{at}.gate_proj", width, inner, bias),
        linear(f"{at}.up_proj", width, inner, bias),
        linear(f"{at}.down_proj", inner, width, bias),
    )


def experts(width: int, inner: int, count: int, at: str = "mlp", gate: str = "gate") -> tuple[Part, ...]:
    """Gated experts, whose matrices are one weight for all of them since transformers 5, and the router to them."""
    return (
        Part(f"{at}.{gate}", "router", width, count),
        Part(f"{at}.experts.gate_up_proj", "experts", width, 2 * inner, 0, count),
        Part(f"{at}.experts.down_proj", "experts", inner, width, 0, count),
    )


def norms_of(shape: Shape, *names: str, bias: bool = False) -> tuple[Part, ...]:
    """Norms over the whole width; those before attention and MLP where no names are given."""
    return tuple(norm(name, shape.size("hidden_size"), bias) for name in names or _BEFORE)


_BEFORE = ("input_layernorm", "post_attention_layernorm")


def layers(
    shape: Shape, attention: tuple[Part, ...], mlp: tuple[Part, ...], norms: tuple[Part, ...]
) -> tuple[Layers, ...]:
    """All layers of a model in which they are alike."""
    return (Layers("model.layers", shape.places("num_hidden_layers"), attention, mlp, norms),)


def dense_first(
    shape: Shape, attention: tuple[Part, ...], dense: tuple[Part, ...], mixture: tuple[Part, ...]
) -> tuple[Layers, ...]:
    """The layers of a mixture whose first ones, `first_k_dense_replace` of them, have no experts."""
    places, first, norms = shape.places("num_hidden_layers"), shape.count("first_k_dense_replace"), norms_of(shape)
    found = (
        Layers("model.layers", places[:first], attention, dense, norms),
        Layers("model.layers", places[first:], attention, mixture, norms),
    )
    return tuple(alike for alike in found if alike.places)


def decoder(
    shape: Shape,
    layers: tuple[Layers, ...],
    *others: Part,
    experts_per_token: int | None = None,
    output_bias: bool = False,
) -> Parameters:
    """A model with Llama's names around its layers. `others` is its last norm."""
    rows, width = shape.size("vocab_size"), shape.size("hidden_size")
    return Parameters(
        shape.kind,
        embedding("model.embed_tokens", rows, width),
        linear("lm_head", width, rows, output_bias),
        shape.flag("tie_word_embeddings"),
        layers,
        others,
        experts_per_token,
    )
