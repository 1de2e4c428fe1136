"""Phi 1 to 2: attention and MLP side by side after one norm, biases everywhere, also on the output layer.

Source: transformers 5.23.0, models/phi/modeling_phi.py.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import attention, decoder, layers, linear, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters

TYPES = ("phi",)


def describe(shape: Shape) -> Parameters:
    """One norm, or three where queries and keys have theirs."""
    width, inner = shape.size("hidden_size"), shape.size("intermediate_size")
    around = attention(shape, True, True, out="dense")
    if shape.flag("qk_layernorm"):
        head = width // shape.size("num_attention_heads")
        around += (norm("self_attn.q_layernorm", head, True), norm("self_attn.k_layernorm", head, True))
    mlp = (linear("mlp.fc1", width, inner, True), linear("mlp.fc2", inner, width, True))
    found = layers(shape, around, mlp, norms_of(shape, "input_layernorm", bias=True))
    return decoder(shape, found, norm("model.final_layernorm", width, True), output_bias=True)
