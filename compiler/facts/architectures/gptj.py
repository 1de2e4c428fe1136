"""GPT-J and CodeGen: attention and MLP side by side after one norm, a bias on the output layer.

Source: transformers 5.23.0, models/gptj/modeling_gptj.py, models/codegen/modeling_codegen.py. CodeGen has queries,
keys and values in one matrix.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import embedding, linear, norm
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Layers, Parameters, Part

TYPES = ("codegen", "gptj")


def describe(shape: Shape) -> Parameters:
    """No biases in the attention, rotary positions."""
    width, rows = shape.size("n_embd"), shape.size("vocab_size")
    inner = shape.optional("n_inner") or 4 * width
    mlp = (linear("mlp.fc_in", width, inner, True), linear("mlp.fc_out", inner, width, True))
    norms = (norm("ln_1", width, True),)
    return Parameters(
        shape.kind,
        embedding("transformer.wte", rows, width),
        linear("lm_head", width, rows, True),
        shape.flag("tie_word_embeddings"),
        (Layers("transformer.h", shape.places("n_layer"), _attention(shape, width), mlp, norms),),
        (norm("transformer.ln_f", width, True),),
    )


def _attention(shape: Shape, width: int) -> tuple[Part, ...]:
    out = linear("attn.out_proj", width, width)
    if shape.kind == "codegen":
        return (linear("attn.qkv_proj", width, 3 * width), out)
    return (*(linear(f"attn.{name}_proj", width, width) for name in "kvq"), out)
