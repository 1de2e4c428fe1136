"""XGLM and BioGPT: an OPT with norms before everything. XGLM's positions are sines, BioGPT's are learned.

Source: transformers 5.23.0, models/xglm/modeling_xglm.py, models/biogpt/modeling_biogpt.py.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import embedding, linear, norm
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Layers, Parameters, Part

TYPES = ("biogpt", "xglm")


def describe(shape: Shape) -> Parameters:
    """Biases everywhere but on the output; the MLP stands in the layer itself."""
    if shape.kind == "xglm":
        return _decoder(shape, "model", "lm_head", ("d_model", "ffn_dim", "num_layers"))
    return _decoder(shape, "biogpt", "output_projection", ("hidden_size", "intermediate_size", "num_hidden_layers"))


def _decoder(shape: Shape, at: str, output: str, names: tuple[str, str, str]) -> Parameters:
    width, inner, places = shape.size(names[0]), shape.size(names[1]), shape.places(names[2])
    rows = shape.size("vocab_size")
    attention = tuple(linear(f"self_attn.{name}_proj", width, width, True) for name in ("k", "v", "q", "out"))
    mlp = (linear("fc1", width, inner, True), linear("fc2", inner, width, True))
    norms = (norm("self_attn_layer_norm", width, True), norm("final_layer_norm", width, True))
    return Parameters(
        shape.kind,
        embedding(f"{at}.embed_tokens", rows, width),
        linear(output, width, rows),
        shape.flag("tie_word_embeddings"),
        (Layers(f"{at}.layers", places, attention, mlp, norms),),
        (*_positions(shape, width), norm(f"{at}.layer_norm", width, True)),
    )


def _positions(shape: Shape, width: int) -> tuple[Part, ...]:
    if shape.kind == "xglm":
        return ()
    return (embedding("biogpt.embed_positions", shape.size("max_position_embeddings") + 2, width),)
