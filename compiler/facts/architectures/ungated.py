"""Arcee, Nemotron and Apertus: a Llama whose MLP has no gate.

Source: transformers 5.23.0, models/{arcee,nemotron,apertus}/modeling_*.py. Nemotron's norms have biases; Apertus has
norms over each head, and two learned numbers in its activation.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import attention, decoder, layers, linear, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters, Part

TYPES = ("apertus", "arcee", "nemotron")


def describe(shape: Shape) -> Parameters:
    """Norms before attention and MLP."""
    width, inner, bias = shape.size("hidden_size"), shape.size("intermediate_size"), shape.flag("attention_bias")
    mlp_bias = shape.kind != "apertus" and shape.flag("mlp_bias")
    mlp = (linear("mlp.up_proj", width, inner, mlp_bias), linear("mlp.down_proj", inner, width, mlp_bias))
    if shape.kind == "apertus":
        around = attention(shape, bias, bias, norms=("q_norm", "k_norm"))
        norms = norms_of(shape, "attention_layernorm", "feedforward_layernorm")
        found = layers(shape, around, mlp + _activation(shape), norms)
    else:
        if shape.kind == "nemotron":
            shape.size("num_key_value_heads")  # its class has no answer where config.json has none
        found = layers(shape, attention(shape, bias, bias), mlp, norms_of(shape, bias=shape.kind == "nemotron"))
    return decoder(shape, found, norm("model.norm", width, shape.kind == "nemotron"))


def _activation(shape: Shape) -> tuple[Part, ...]:
    if shape.text("hidden_act") != "xielu":
        return ()
    return (Part("mlp.act_fn.alpha_p", "weight", 1, 1), Part("mlp.act_fn.alpha_n", "weight", 1, 1))
