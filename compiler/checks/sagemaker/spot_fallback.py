"""Spot capacity cannot fall back to other instance types.

Why: SageMaker takes InstancePreferences for capacity on demand and for training plans alone.
Fix: remove fallback, or spot.
Source: botocore 1.44.5, ResourceConfig.InstancePreferences: mutually exclusive with EnableManagedSpotTraining.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM445", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for both."""
    for path, target in experiment.targets_of(SageMaker):
        if target.spot and target.fallback:
            yield Problem(f"{path}.fallback", "other instance types on spot capacity", related=(f"{path}.spot",))
