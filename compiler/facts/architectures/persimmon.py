"""Persimmon: one matrix for queries, keys and values, biases everywhere, norms over each head.

Source: transformers 5.23.0, models/persimmon/modeling_persimmon.py.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import decoder, layers, linear, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters, Part

TYPES = ("persimmon",)


def describe(shape: Shape) -> Parameters:
    """Norms before attention and MLP."""
    width, inner = shape.size("hidden_size"), shape.size("intermediate_size")
    head = width // shape.size("num_attention_heads")
    around: tuple[Part, ...] = (
        linear("self_attn.query_key_value", width, 3 * width, True),
        linear("self_attn.dense", width, width, True),
    )
    if shape.flag("qk_layernorm"):
        around += (norm("self_attn.q_layernorm", head, True), norm("self_attn.k_layernorm", head, True))
    mlp = (
        linear("mlp.dense_h_to_4h", width, inner, True),
        linear("mlp.dense_4h_to_h", inner, width, True),
    )
    found = layers(shape, around, mlp, norms_of(shape, bias=True))
    return decoder(shape, found, norm("model.final_layernorm", width, True))
