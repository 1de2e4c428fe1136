"""A training job runs for 28 days at most.

Why: SageMaker refuses a longer max_run.
Fix: lower max_run; a longer training continues from its checkpoints in a second job.
Source: botocore 1.44.5, StoppingCondition.MaxRuntimeInSeconds: the maximum value is 28 days.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.sagemaker import limit
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker
from llmc.compiler.language.units import seconds

CODE, SEVERITY = "LLM446", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare with the limit."""
    for path, target in experiment.targets_of(SageMaker):
        if seconds(target.max_run) > limit("max_run_seconds"):
            yield Problem(f"{path}.max_run", f"{target.max_run} is more than 28 days")
