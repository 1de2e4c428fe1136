"""Evaluation data come from data.eval or from a share of the training rows, not from both.

Why: of two sets one would be ignored.
Fix: remove data.eval or data.eval_fraction.
Source: the Trainer evaluates one set.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.data import TrainingData

CODE, SEVERITY = "LLM283", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for both."""
    data = experiment.data
    if isinstance(data, TrainingData) and data.eval and data.eval_fraction:
        yield Problem("data.eval_fraction", "two sets of evaluation data", related=("data.eval",))
