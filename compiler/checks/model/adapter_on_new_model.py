"""An adapter makes no sense on a model with random weights.

Why: LoRA freezes the model and trains a small correction to it; a correction to noise learns next to nothing.
Fix: remove model.adapter, or start from existing weights with model.name_or_path.
Source: Hu et al. 2021, arXiv:2106.09685, section 4: the pretrained weights are frozen.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM210", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for both in one model."""
    if experiment.model.adapter and experiment.model.architecture:
        yield Problem("model.adapter", "an adapter on a new model", related=("model.architecture",))
