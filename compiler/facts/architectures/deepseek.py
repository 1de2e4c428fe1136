"""DeepSeek 2 and 3: attention through narrow matrices, and experts after the first layers.

Source: transformers 5.23.0, models/deepseek_v{2,3}/modeling_*.py. The layer that predicts one token more is not built,
and what corrects the router of the third is a buffer.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import decoder, dense_first, experts, gated_mlp, linear, norm
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters, Part

TYPES = ("deepseek_v2", "deepseek_v3")


def describe(shape: Shape) -> Parameters:
    """Dense layers first, then layers with experts of which some see every token."""
    width = shape.size("hidden_size")
    bias = shape.kind == "deepseek_v2" and shape.flag("mlp_bias")
    dense = gated_mlp(width, shape.size("intermediate_size"), bias)
    found = dense_first(shape, _attention(shape), dense, _mixture(shape, width, bias))
    per_token = shape.size("num_experts_per_tok")
    return decoder(shape, found, norm("model.norm", width), experts_per_token=per_token)


def _attention(shape: Shape) -> tuple[Part, ...]:
    width, heads, bias = shape.size("hidden_size"), shape.size("num_attention_heads"), shape.flag("attention_bias")
    narrow, plain, turned = shape.size("kv_lora_rank"), shape.size("qk_nope_head_dim"), shape.size("qk_rope_head_dim")
    values = shape.size("v_head_dim")
    return (
        *_queries(shape, width, heads * (plain + turned), bias),
        linear("self_attn.kv_a_proj_with_mqa", width, narrow + turned, bias),
        norm("self_attn.kv_a_layernorm", narrow),
        linear("self_attn.kv_b_proj", narrow, heads * (plain + values)),
        linear("self_attn.o_proj", heads * values, width, bias),
    )


def _queries(shape: Shape, width: int, queries: int, bias: bool) -> tuple[Part, ...]:
    narrow = shape.optional("q_lora_rank")
    if narrow is None:
        return (linear("self_attn.q_proj", width, queries),)
    return (
        linear("self_attn.q_a_proj", width, narrow, bias),
        norm("self_attn.q_a_layernorm", narrow),
        linear("self_attn.q_b_proj", narrow, queries),
    )


def _mixture(shape: Shape, width: int, bias: bool) -> tuple[Part, ...]:
    inner = shape.size("moe_intermediate_size")
    shared = gated_mlp(width, inner * shape.count("n_shared_experts"), bias, at="mlp.shared_experts")
    return experts(width, inner, shape.size("n_routed_experts")) + shared
