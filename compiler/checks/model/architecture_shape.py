"""The sizes of a new model must fit each other.

Why: attention splits hidden_size over its heads, and groups heads over key-value heads; neither can be done in parts.
Fix: make hidden_size a multiple of num_attention_heads, and that a multiple of num_key_value_heads.
Source: transformers 5.23.0, LlamaConfig.validate_architecture and LlamaAttention (num_key_value_groups).
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM208", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Divide what must be divided."""
    shape = experiment.model.architecture
    if shape is None:
        return
    pairs = (("hidden_size", "num_attention_heads"), ("num_attention_heads", "num_key_value_heads"))
    for whole, part in pairs:
        if getattr(shape, whole) % getattr(shape, part):
            yield Problem(
                f"model.architecture.{whole}",
                f"{whole} {getattr(shape, whole)} is no multiple of {part} {getattr(shape, part)}",
                related=(f"model.architecture.{part}",),
            )
