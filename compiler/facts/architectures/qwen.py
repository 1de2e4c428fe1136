"""Qwen 2 and 3, dense and as mixtures of experts.

Qwen 2 has biases on queries, keys and values alone; Qwen 3 has norms over each head instead. In a mixture some layers
may stay dense, and Qwen 2's has an expert that sees every token.

Source: transformers 5.23.0, models/qwen{2,3}{,_moe}/modeling_*.py.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import attention, decoder, experts, gated_mlp, linear, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Layers, Parameters, Part

TYPES = ("qwen2", "qwen2_moe", "qwen3", "qwen3_moe")


def describe(shape: Shape) -> Parameters:
    """Norms before attention and MLP; dense layers, those with experts, or both."""
    width, around, norms = shape.size("hidden_size"), _attention(shape), norms_of(shape)
    mixed = _mixed(shape)
    dense = sorted(set(shape.places("num_hidden_layers")).difference(mixed))
    found = []
    if mixed:
        found.append(Layers("model.layers", mixed, around, _mixture(shape, width), norms))
    if dense:
        mlp = gated_mlp(width, shape.size("intermediate_size"))
        found.append(Layers("model.layers", dense, around, mlp, norms))
    per_token = shape.size("num_experts_per_tok") if mixed else None
    return decoder(shape, tuple(found), norm("model.norm", width), experts_per_token=per_token)


def _attention(shape: Shape) -> tuple[Part, ...]:
    if shape.kind.startswith("qwen2"):
        return attention(shape, shape.kind == "qwen2" or shape.flag("qkv_bias"))
    bias = shape.flag("attention_bias")
    return attention(shape, bias, bias, norms=("q_norm", "k_norm"))


def _mixed(shape: Shape) -> list[int]:
    """Which layers have experts."""
    if not shape.kind.endswith("_moe") or shape.count("num_experts") == 0:
        return []
    step, dense = shape.size("decoder_sparse_step"), shape.numbers("mlp_only_layers")
    return sorted(set(shape.places("num_hidden_layers")[step - 1 :: step]).difference(dense))


def _mixture(shape: Shape, width: int) -> tuple[Part, ...]:
    found = experts(width, shape.size("moe_intermediate_size"), shape.size("num_experts"))
    if shape.kind == "qwen3_moe":
        return found
    shared = gated_mlp(width, shape.size("shared_expert_intermediate_size"), at="mlp.shared_expert")
    return (*found, *shared, linear("mlp.shared_expert_gate", width, 1))
