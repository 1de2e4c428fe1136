"""Spot capacity needs max_wait.

Why: SageMaker must know how long the job may wait for capacity and run together; it refuses a job that does not say.
Fix: set max_wait to max_run or longer, such as twice as long.
Source: botocore 1.44.5, StoppingCondition.MaxWaitTimeInSeconds; DJ106.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM441", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the one without the other."""
    for path, target in experiment.targets_of(SageMaker):
        if target.spot and target.max_wait is None:
            yield Problem(f"{path}.spot", "spot capacity without max_wait", related=(f"{path}.max_run",))
