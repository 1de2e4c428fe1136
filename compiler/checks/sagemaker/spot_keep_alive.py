"""Spot machines cannot be kept alive.

Why: a warm pool holds machines for the next job, and spot capacity may be taken away; SageMaker refuses both at once.
Fix: remove keep_alive, or spot.
Source: AWS, SageMaker managed warm pools, considerations: not with spot instances.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM444", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for both."""
    for path, target in experiment.targets_of(SageMaker):
        if target.spot and target.keep_alive:
            yield Problem(f"{path}.keep_alive", "keep_alive on spot machines", related=(f"{path}.spot",))
