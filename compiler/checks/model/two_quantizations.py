"""A QLoRA adapter quantizes the model itself, so model.quantization must not be given as well.

Why: of two descriptions of the same weights one would be ignored.
Fix: remove model.quantization, or use adapter kind lora or dora beside it.
Source: transformers 5.23.0, from_pretrained takes one quantization_config.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.model import QLora

CODE, SEVERITY = "LLM217", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for both in one model."""
    model = experiment.model
    if isinstance(model.adapter, QLora) and model.quantization:
        yield Problem("model.quantization", "the model is quantized twice", related=("model.adapter",))
