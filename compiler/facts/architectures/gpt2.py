"""GPT-2 and its kin: learned positions, biases everywhere, one matrix for queries, keys and values.

Source: transformers 5.23.0, models/gpt2/modeling_gpt2.py, models/gpt_bigcode/modeling_gpt_bigcode.py. GPT-2's
matrices are of a class of its own, Conv1D, which PEFT takes for a linear layer. Bigcode's heads may share one key.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import embedding, linear, norm
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Layers, Parameters

TYPES = ("gpt2", "gpt_bigcode")


def describe(shape: Shape) -> Parameters:
    """Norms before attention and MLP; the MLP is four times as wide unless `n_inner` says otherwise."""
    width, rows = shape.size("n_embd"), shape.size("vocab_size")
    inner = shape.optional("n_inner") or 4 * width
    shared = shape.kind == "gpt_bigcode" and shape.flag("multi_query")
    keys = width // shape.size("n_head") if shared else width
    attention = (
        linear("attn.c_attn", width, width + 2 * keys, True),
        linear("attn.c_proj", width, width, True),
    )
    mlp = (linear("mlp.c_fc", width, inner, True), linear("mlp.c_proj", inner, width, True))
    norms = (norm("ln_1", width, True), norm("ln_2", width, True))
    return Parameters(
        shape.kind,
        embedding("transformer.wte", rows, width),
        linear("lm_head", width, rows),
        shape.flag("tie_word_embeddings"),
        (Layers("transformer.h", shape.places("n_layer"), attention, mlp, norms),),
        (embedding("transformer.wpe", shape.size("n_positions"), width), norm("transformer.ln_f", width, True)),
    )
