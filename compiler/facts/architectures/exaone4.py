"""EXAONE 4: norms after attention and MLP, and over each head.

Source: transformers 5.23.0, models/exaone4/modeling_exaone4.py.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import attention, decoder, gated_mlp, layers, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters

TYPES = ("exaone4",)


def describe(shape: Shape) -> Parameters:
    """A gated MLP, no biases."""
    width = shape.size("hidden_size")
    norms = norms_of(shape, "post_attention_layernorm", "post_feedforward_layernorm")
    mlp = gated_mlp(width, shape.size("intermediate_size"))
    around = attention(shape, norms=("q_norm", "k_norm"))
    return decoder(shape, layers(shape, around, mlp, norms), norm("model.norm", width))
