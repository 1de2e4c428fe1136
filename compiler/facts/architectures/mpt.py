"""MPT: no biases anywhere, not even on the norms, and no learned positions.

Source: transformers 5.23.0, models/mpt/modeling_mpt.py. It does not read `expansion_ratio` nor `no_bias`.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import embedding, linear, norm
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Layers, Parameters

TYPES = ("mpt",)


def describe(shape: Shape) -> Parameters:
    """One matrix for queries, keys and values, an MLP four times as wide."""
    width, rows = shape.size("d_model"), shape.size("vocab_size")
    attention = (linear("attn.Wqkv", width, 3 * width), linear("attn.out_proj", width, width))
    mlp = (linear("ffn.up_proj", width, 4 * width), linear("ffn.down_proj", 4 * width, width))
    norms = (norm("norm_1", width), norm("norm_2", width))
    return Parameters(
        shape.kind,
        embedding("transformer.wte", rows, width),
        linear("lm_head", width, rows),
        shape.flag("tie_word_embeddings"),
        (Layers("transformer.blocks", shape.places("n_layers"), attention, mlp, norms),),
        (norm("transformer.norm_f", width),),
    )
