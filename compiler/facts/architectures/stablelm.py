"""StableLM: a Llama whose norms have biases; queries and keys may have a norm for each head.

Source: transformers 5.23.0, models/stablelm/modeling_stablelm.py.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import decoder, gated_mlp, layers, linear, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters, Part

TYPES = ("stablelm",)


def describe(shape: Shape) -> Parameters:
    """One norm a layer where attention and MLP stand side by side, else two."""
    width = shape.size("hidden_size")
    parallel = shape.flag("use_parallel_residual")
    norms = norms_of(shape, *(("input_layernorm",) if parallel else ()), bias=True)
    mlp = gated_mlp(width, shape.size("intermediate_size"))
    return decoder(shape, layers(shape, _attention(shape, width), mlp, norms), norm("model.norm", width, True))


def _attention(shape: Shape, width: int) -> tuple[Part, ...]:
    heads, keys = shape.places("num_attention_heads"), shape.places("num_key_value_heads")
    head, bias = width // len(heads), shape.flag("use_qkv_bias")
    found = (
        linear("self_attn.q_proj", width, len(heads) * head, bias),
        linear("self_attn.k_proj", width, len(keys) * head, bias),
        linear("self_attn.v_proj", width, len(keys) * head, bias),
        linear("self_attn.o_proj", width, width),
    )
    if not shape.flag("qk_layernorm"):
        return found
    queries = (norm(f"self_attn.q_layernorm.norms.{place}", head) for place in heads)
    return (*found, *queries, *(norm(f"self_attn.k_layernorm.norms.{place}", head) for place in keys))
