"""OLMo 1 to 3, OLMoE and FlexOlmo.

Source: transformers 5.23.0, models/olmo{,2,3,e}/modeling_*.py, models/flex_olmo/modeling_flex_olmo.py. The norms of the
first have no weights; from the second on they come after attention and MLP, and queries and keys have theirs.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import (
    attention,
    decoder,
    experts,
    gated_mlp,
    heads,
    layers,
    norm,
    norms_of,
)
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters, Part

TYPES = ("flex_olmo", "olmo", "olmo2", "olmo3", "olmoe")
AFTER = ("post_attention_layernorm", "post_feedforward_layernorm")


def describe(shape: Shape) -> Parameters:
    """A gated MLP, or one for each expert."""
    width, inner, mixed = shape.size("hidden_size"), shape.size("intermediate_size"), shape.kind in _MIXED
    mlp = experts(width, inner, shape.size("num_experts")) if mixed else gated_mlp(width, inner)
    per_token = shape.size("num_experts_per_tok") if mixed else None
    if shape.kind == "olmo":
        return decoder(shape, layers(shape, _attention(shape), mlp, ()))
    norms = norms_of(shape) if shape.kind == "olmoe" else norms_of(shape, *AFTER)
    found = layers(shape, _attention(shape) + _head_norms(shape, width), mlp, norms)
    return decoder(shape, found, norm("model.norm", width), experts_per_token=per_token)


_MIXED = ("flex_olmo", "olmoe")


def _attention(shape: Shape) -> tuple[Part, ...]:
    bias = shape.flag("attention_bias")
    return attention(shape, bias, bias)


def _head_norms(shape: Shape, width: int) -> tuple[Part, ...]:
    queries, keys, _ = heads(shape)
    if shape.kind == "olmoe":  # of the width, whatever head_dim says
        count = shape.size("num_attention_heads")
        queries, keys = width, width // count * (shape.optional("num_key_value_heads") or count)
    return (norm("self_attn.q_norm", queries), norm("self_attn.k_norm", keys))
