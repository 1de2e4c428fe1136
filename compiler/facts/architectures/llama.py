"""Llama and the models that differ from it only in their biases: mistral, granite, smollm3, seed_oss and others.

Source: transformers 5.23.0, models/llama/modeling_llama.py, and the file of each type.
"""

from __future__ import annotations

from llmc.compiler.facts.architectures.blocks import attention, decoder, gated_mlp, layers, norm, norms_of
from llmc.compiler.facts.architectures.shape import Shape
from llmc.compiler.facts.modules import Parameters

# The keys that say whether there are biases: of queries, keys and values; of the attention's output; of the MLP.
BIASES: dict[str, tuple[str | None, str | None, str | None]] = {
    "cwm": (None, None, "mlp_bias"),
    "ernie4_5": ("use_bias", "use_bias", "use_bias"),
    "granite": ("attention_bias", "attention_bias", "mlp_bias"),
    "internlm3": ("attention_bias", "attention_bias", "mlp_bias"),
    "llama": ("attention_bias", "attention_bias", "mlp_bias"),
    "ministral3": (None, None, None),
    "mistral": (None, None, None),
    "seed_oss": ("attention_bias", "attention_out_bias", "mlp_bias"),
    "smollm3": ("attention_bias", "attention_bias", "mlp_bias"),
}
TYPES = tuple(BIASES)


def describe(shape: Shape) -> Parameters:
    """Norms before attention and MLP, rotary positions, a gated MLP."""
    inward, outward, mlp = (shape.flag(name) for name in BIASES[shape.kind])
    width = shape.size("hidden_size")
    around = attention(shape, inward, outward)
    feed_forward = gated_mlp(width, shape.size("intermediate_size"), mlp)
    return decoder(shape, layers(shape, around, feed_forward, norms_of(shape)), norm("model.norm", width))
