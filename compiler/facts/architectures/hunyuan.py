"""HunYuan, dense: a Llama with norms over each head of queries and keys.

Source: transformers 5.23.0, models/hunyuan_v1_dense/modeling_hunyuan_v1_dense.py:153-233.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import attention, decoder, gated_mlp, layers, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters

TYPES = ("hunyuan_v1_dense",)


def describe(shape: Shape) -> Parameters:
    """As Llama, with two norms more."""
    width, bias = shape.size("hidden_size"), shape.flag("attention_bias")
    shape.size("head_dim")  # its class has no answer where config.json has none
    around = attention(shape, bias, bias, norms=("query_layernorm", "key_layernorm"))
    mlp = gated_mlp(width, shape.size("intermediate_size"))
    return decoder(shape, layers(shape, around, mlp, norms_of(shape)), norm("model.norm", width))
