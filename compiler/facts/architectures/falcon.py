"""Falcon, three generations in one class: how many keys there are and which norms depends on its flags.

Source: transformers 5.23.0, models/falcon/modeling_falcon.py. falcon-7b has one key for all heads and one norm,
falcon-40b has shared keys and two norms side by side, falcon-rw-1b has neither.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import embedding, linear, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Layers, Parameters

TYPES = ("falcon",)


def describe(shape: Shape) -> Parameters:
    """One matrix for queries, keys and values; biases where `bias` says so."""
    shape = shape.renamed("n_embed", "hidden_size")
    width, rows, bias = shape.size("hidden_size"), shape.size("vocab_size"), shape.flag("bias")
    inner = shape.optional("ffn_hidden_size") or 4 * width
    attention = (
        linear("self_attention.query_key_value", width, _queries_and_keys(shape, width), bias),
        linear("self_attention.dense", width, width, bias),
    )
    mlp = (
        linear("mlp.dense_h_to_4h", width, inner, bias),
        linear("mlp.dense_4h_to_h", inner, width, bias),
    )
    norms = norms_of(shape, *_norms(shape), bias=True)
    return Parameters(
        shape.kind,
        embedding("transformer.word_embeddings", rows, width),
        linear("lm_head", width, rows),
        shape.flag("tie_word_embeddings"),
        (Layers("transformer.h", shape.places("num_hidden_layers"), attention, mlp, norms),),
        (norm("transformer.ln_f", width, True),),
    )


def _queries_and_keys(shape: Shape, width: int) -> int:
    heads = shape.size("num_attention_heads")
    head = width // heads
    if shape.flag("new_decoder_architecture"):
        return (2 * (shape.optional("num_kv_heads") or heads) + heads) * head
    return width + 2 * head if shape.flag("multi_query") else 3 * width


def _norms(shape: Shape) -> tuple[str, ...]:
    if not shape.flag("parallel_attn"):
        return ("post_attention_layernorm", "input_layernorm")
    given = shape.optional("num_ln_in_parallel_attn")
    two = given == 2 or (given is None and shape.flag("new_decoder_architecture"))
    return ("ln_attn", "ln_mlp") if two else ("input_layernorm",)
