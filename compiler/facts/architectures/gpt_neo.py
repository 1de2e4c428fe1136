"""GPT-Neo: a GPT-2 whose queries, keys and values are apart, without biases.

Source: transformers 5.23.0, models/gpt_neo/modeling_gpt_neo.py.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import embedding, linear, norm
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Layers, Parameters

TYPES = ("gpt_neo",)


def describe(shape: Shape) -> Parameters:
    """Learned positions; the MLP is four times as wide unless `intermediate_size` says otherwise."""
    width, rows = shape.size("hidden_size"), shape.size("vocab_size")
    inner = shape.optional("intermediate_size") or 4 * width
    attention = (
        *(linear(f"attn.attention.{name}_proj", width, width) for name in "kvq"),
        linear("attn.attention.out_proj", width, width, True),
    )
    mlp = (linear("mlp.c_fc", width, inner, True), linear("mlp.c_proj", inner, width, True))
    norms = (norm("ln_1", width, True), norm("ln_2", width, True))
    positions = embedding("transformer.wpe", shape.size("max_position_embeddings"), width)
    return Parameters(
        shape.kind,
        embedding("transformer.wte", rows, width),
        linear("lm_head", width, rows),
        shape.flag("tie_word_embeddings"),
        (Layers("transformer.h", shape.places("num_layers"), attention, mlp, norms),),
        (positions, norm("transformer.ln_f", width, True)),
    )
