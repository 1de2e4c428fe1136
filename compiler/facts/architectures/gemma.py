"""Gemma 1 to 3 (text) and VaultGemma: a Llama with wide heads and more norms.

Source: transformers 5.23.0, models/gemma{,2,3}/modeling_*.py, models/vaultgemma/modeling_vaultgemma.py.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import attention, decoder, gated_mlp, layers, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters

FOUR = ("input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm")
NORMS = {
    "gemma": ("input_layernorm", "post_attention_layernorm"),
    "gemma2": FOUR,
    "gemma3_text": FOUR,
    "vaultgemma": ("input_layernorm", "pre_feedforward_layernorm"),
}
TYPES = tuple(NORMS)


def describe(shape: Shape) -> Parameters:
    """Norms around attention and MLP; in Gemma 3 also over each head."""
    width, bias = shape.size("hidden_size"), shape.flag("attention_bias")
    shape.size("head_dim")  # its class has a number for it, and takes no null
    around = attention(shape, bias, bias, norms=("q_norm", "k_norm") if shape.kind == "gemma3_text" else ())
    mlp = gated_mlp(width, shape.size("intermediate_size"))
    found = layers(shape, around, mlp, norms_of(shape, *NORMS[shape.kind]))
    return decoder(shape, found, norm("model.norm", width))
