"""GPT-NeoX and Pythia.

Source: transformers 5.23.0, models/gpt_neox/modeling_gpt_neox.py.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import embedding, linear, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Layers, Parameters

TYPES = ("gpt_neox",)


def describe(shape: Shape) -> Parameters:
    """Two norms a layer, one matrix for queries, keys and values, rotary positions."""
    width, rows, inner = shape.size("hidden_size"), shape.size("vocab_size"), shape.size("intermediate_size")
    bias = shape.flag("attention_bias")
    attention = (
        linear("attention.query_key_value", width, 3 * width, bias),
        linear("attention.dense", width, width, bias),
    )
    mlp = (
        linear("mlp.dense_h_to_4h", width, inner, True),
        linear("mlp.dense_4h_to_h", inner, width, True),
    )
    places = shape.places("num_hidden_layers")
    return Parameters(
        shape.kind,
        embedding("gpt_neox.embed_in", rows, width),
        linear("lm_head", width, rows),
        shape.flag("tie_word_embeddings"),
        (Layers("gpt_neox.layers", places, attention, mlp, norms_of(shape, bias=True)),),
        (norm("gpt_neox.final_layer_norm", width, True),),
    )
