"""gpt-oss: experts with biases in every layer, and a learned sink for each head.

Source: transformers 5.23.0, models/gpt_oss/modeling_gpt_oss.py.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import attention, decoder, layers, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters, Part

TYPES = ("gpt_oss",)


def describe(shape: Shape) -> Parameters:
    """Norms before attention and MLP; queries and keys may be wider than the model."""
    width, inner, count = shape.size("hidden_size"), shape.size("intermediate_size"), shape.size("num_local_experts")
    bias = shape.flag("attention_bias")
    sinks = Part("self_attn.sinks", "weight", 1, shape.size("num_attention_heads"))
    mixture = (
        Part("mlp.router", "router", width, count, count),
        Part("mlp.experts.gate_up_proj", "experts", width, 2 * inner, 2 * inner, count),
        Part("mlp.experts.down_proj", "experts", inner, width, width, count),
    )
    found = layers(shape, (*attention(shape, bias, bias), sinks), mixture, norms_of(shape))
    per_token = shape.size("num_experts_per_tok")
    return decoder(shape, found, norm("model.norm", width), experts_per_token=per_token)
