"""max_wait must not be shorter than max_run.

Why: it is the time to wait for capacity and to run together; SageMaker refuses less than the run alone may take.
Fix: raise max_wait to max_run or more, or lower max_run.
Source: botocore 1.44.5, StoppingCondition.MaxWaitTimeInSeconds: equal to or greater than MaxRuntimeInSeconds; DJ106.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker
from llmc.compiler.language.units import seconds

CODE, SEVERITY = "LLM442", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the two."""
    for path, target in experiment.targets_of(SageMaker):
        if target.spot and target.max_wait and seconds(target.max_wait) < seconds(target.max_run):
            yield Problem(
                f"{path}.max_wait",
                f"waiting and running for {target.max_wait} at most, with a run of {target.max_run}",
                related=(f"{path}.max_run",),
            )
