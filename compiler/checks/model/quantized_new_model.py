"""A new model cannot be quantized: it has no weights to hold in fewer bits.

Why: random weights in 4 or 8 bits are frozen noise.
Fix: remove model.quantization, or start from existing weights with model.name_or_path.
Source: bitsandbytes quantizes what it loads; transformers 5.23.0 has no quantized from_config.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM219", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for both in one model."""
    if experiment.model.quantization and experiment.model.architecture:
        yield Problem("model.quantization", "a new model is quantized", related=("model.architecture",))
