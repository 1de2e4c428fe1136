"""BLOOM: a norm right after the embedding, one matrix for queries, keys and values.

Source: transformers 5.23.0, models/bloom/modeling_bloom.py.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import embedding, linear, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Layers, Parameters

TYPES = ("bloom",)


def describe(shape: Shape) -> Parameters:
    """Biases everywhere, an MLP four times as wide, no learned positions."""
    # An older name wins over the newer one, says models/bloom/configuration_bloom.py.
    shape = shape.renamed("n_embed", "hidden_size")
    width, rows = shape.size("hidden_size"), shape.size("vocab_size")
    attention = (
        linear("self_attention.query_key_value", width, 3 * width, True),
        linear("self_attention.dense", width, width, True),
    )
    mlp = (
        linear("mlp.dense_h_to_4h", width, 4 * width, True),
        linear("mlp.dense_4h_to_h", 4 * width, width, True),
    )
    return Parameters(
        shape.kind,
        embedding("transformer.word_embeddings", rows, width),
        linear("lm_head", width, rows),
        shape.flag("tie_word_embeddings"),
        (Layers("transformer.h", shape.places("n_layer"), attention, mlp, norms_of(shape, bias=True)),),
        (norm("transformer.word_embeddings_layernorm", width, True), norm("transformer.ln_f", width, True)),
    )
