"""Phi-3 and Phi-4: a Llama with queries, keys and values in one matrix, and gate and up in another.

Source: transformers 5.23.0, models/phi3/modeling_phi3.py.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import decoder, heads, layers, linear, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters

TYPES = ("phi3",)


def describe(shape: Shape) -> Parameters:
    """Norms before attention and MLP, no biases."""
    width, inner = shape.size("hidden_size"), shape.size("intermediate_size")
    queries, keys, _ = heads(shape)
    around = (
        linear("self_attn.qkv_proj", width, queries + 2 * keys),
        linear("self_attn.o_proj", queries, width),
    )
    mlp = (linear("mlp.gate_up_proj", width, 2 * inner), linear("mlp.down_proj", inner, width))
    return decoder(shape, layers(shape, around, mlp, norms_of(shape)), norm("model.norm", width))
