"""Command R: attention and MLP side by side after one norm.

Source: transformers 5.23.0, models/cohere{,2}/modeling_*.py. The first may have norms with a weight for each head.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import attention, decoder, gated_mlp, heads, layers, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters

TYPES = ("cohere", "cohere2")


def describe(shape: Shape) -> Parameters:
    """As Llama, but for the norms. The second class computes how wide a head is, whatever config.json says."""
    width, bias = shape.size("hidden_size"), shape.flag("attention_bias")
    if shape.kind == "cohere2":
        shape = shape.without("head_dim")
    around = attention(shape, bias, bias)
    if shape.kind == "cohere" and shape.flag("use_qk_norm"):
        queries, keys, _ = heads(shape)
        around += (norm("self_attn.q_norm", queries), norm("self_attn.k_norm", keys))
    mlp = gated_mlp(width, shape.size("intermediate_size"))
    found = layers(shape, around, mlp, norms_of(shape, "input_layernorm"))
    return decoder(shape, found, norm("model.norm", width))
