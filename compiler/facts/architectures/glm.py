"""GLM-4 in its two dense generations, and GLM-4.5 as a mixture of experts.

Source: transformers 5.23.0, models/glm{,4,4_moe}/modeling_*.py. The dense ones have gate and up in one matrix; the
second of them has norms after attention and MLP, too.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import (
    attention,
    decoder,
    dense_first,
    experts,
    gated_mlp,
    layers,
    linear,
    norm,
    norms_of,
)
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters

TYPES = ("glm", "glm4", "glm4_moe")
FOUR = ("input_layernorm", "post_attention_layernorm", "post_self_attn_layernorm", "post_mlp_layernorm")


def describe(shape: Shape) -> Parameters:
    """Biases on queries, keys and values where `attention_bias` says so."""
    width = shape.size("hidden_size")
    if shape.kind == "glm4_moe":
        return _mixture(shape, width)
    inner = shape.size("intermediate_size")
    mlp = (linear("mlp.gate_up_proj", width, 2 * inner), linear("mlp.down_proj", inner, width))
    norms = norms_of(shape, *(FOUR if shape.kind == "glm4" else ()))
    around = attention(shape, shape.flag("attention_bias"))
    return decoder(shape, layers(shape, around, mlp, norms), norm("model.norm", width))


def _mixture(shape: Shape, width: int) -> Parameters:
    """Dense layers first, then layers with experts of which some see every token, as in DeepSeek."""
    around = attention(
        shape, shape.flag("attention_bias"), norms=("q_norm", "k_norm") if shape.flag("use_qk_norm") else ()
    )
    inner = shape.size("moe_intermediate_size")
    shared = gated_mlp(width, inner * shape.count("n_shared_experts"), at="mlp.shared_experts")
    mixture = experts(width, inner, shape.size("n_routed_experts")) + shared
    found = dense_first(shape, around, gated_mlp(width, shape.size("intermediate_size")), mixture)
    per_token = shape.size("num_experts_per_tok")
    return decoder(shape, found, norm("model.norm", width), experts_per_token=per_token)
