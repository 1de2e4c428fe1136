"""StarCoder 2: norms with biases, an MLP of two matrices, biases where `use_bias` says so.

Source: transformers 5.23.0, models/starcoder2/modeling_starcoder2.py.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import attention, decoder, layers, linear, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters

TYPES = ("starcoder2",)


def describe(shape: Shape) -> Parameters:
    """Norms before attention and MLP."""
    width, inner, bias = shape.size("hidden_size"), shape.size("intermediate_size"), shape.flag("use_bias")
    mlp = (linear("mlp.c_fc", width, inner, bias), linear("mlp.c_proj", inner, width, bias))
    found = layers(shape, attention(shape, bias, bias), mlp, norms_of(shape, bias=True))
    return decoder(shape, found, norm("model.norm", width, True))
