"""Granite as a mixture of experts, with or without an MLP that sees every token.

Source: transformers 5.23.0, models/granitemoe/modeling_granitemoe.py, models/granitemoeshared.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import attention, decoder, experts, layers, linear, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters

TYPES = ("granitemoe", "granitemoeshared")


def describe(shape: Shape) -> Parameters:
    """Norms before attention and MLP."""
    width, bias = shape.size("hidden_size"), shape.flag("attention_bias")
    count, inner = shape.size("num_local_experts"), shape.size("intermediate_size")
    mixture = experts(width, inner, count, at="block_sparse_moe", gate="router")
    shared = shape.count("shared_intermediate_size") if shape.kind == "granitemoeshared" else 0
    if shared:
        mixture += (
            linear("shared_mlp.input_linear", width, 2 * shared),
            linear("shared_mlp.output_linear", shared, width),
        )
    found = layers(shape, attention(shape, bias, bias), mixture, norms_of(shape))
    per_token = shape.size("num_experts_per_tok")
    return decoder(shape, found, norm("model.norm", width), experts_per_token=per_token)
