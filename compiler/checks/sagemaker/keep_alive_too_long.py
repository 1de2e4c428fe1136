"""Machines are kept alive for six hours at most.

Why: SageMaker refuses a longer keep_alive.
Fix: lower keep_alive to 6h or less.
Source: botocore 1.44.5, KeepAlivePeriodInSeconds: at most 21600.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.sagemaker import limit
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker
from llmc.compiler.language.units import seconds

CODE, SEVERITY = "LLM447", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare with the limit."""
    for path, target in experiment.targets_of(SageMaker):
        if target.keep_alive and seconds(target.keep_alive) > limit("keep_alive_seconds"):
            yield Problem(f"{path}.keep_alive", f"{target.keep_alive} is more than 6 hours")
