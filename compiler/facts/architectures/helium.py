"""Helium: a Llama whose attention's output is a square, without a bias.

Source: transformers 5.23.0, models/helium/modeling_helium.py:201-223.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import attention, decoder, gated_mlp, layers, linear, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters

TYPES = ("helium",)


def describe(shape: Shape) -> Parameters:
    """As Llama, but for the output of the attention."""
    width = shape.size("hidden_size")
    around = (*attention(shape, shape.flag("attention_bias"))[:3], linear("self_attn.o_proj", width, width))
    mlp = gated_mlp(width, shape.size("intermediate_size"), shape.flag("mlp_bias"))
    return decoder(shape, layers(shape, around, mlp, norms_of(shape)), norm("model.norm", width))
