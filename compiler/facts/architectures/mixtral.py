"""Mixtral and Phi-3.5-MoE: experts in every layer.

Source: transformers 5.23.0, models/mixtral/modeling_mixtral.py, models/phimoe/modeling_phimoe.py. Phi's norms have
biases, and its router is a linear layer.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import attention, decoder, experts, layers, linear, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters

TYPES = ("mixtral", "phimoe")


def describe(shape: Shape) -> Parameters:
    """Norms before attention and MLP, a gated MLP for each expert."""
    width, count, is_phi = shape.size("hidden_size"), shape.size("num_local_experts"), shape.kind == "phimoe"
    bias = is_phi and shape.flag("attention_bias")
    mixture = experts(width, shape.size("intermediate_size"), count)
    if is_phi:
        mixture = (linear("mlp.router", width, count), *mixture[1:])
    return decoder(
        shape,
        layers(shape, attention(shape, bias, bias), mixture, norms_of(shape, bias=is_phi)),
        norm("model.norm", width, is_phi),
        experts_per_token=shape.size("num_experts_per_tok"),
        output_bias=is_phi and shape.flag("lm_head_bias"),
    )
