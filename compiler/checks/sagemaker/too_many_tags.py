"""A training job has 50 tags at most.

Why: SageMaker refuses more.
Fix: remove some.
Source: botocore 1.44.5, TagList: at most 50.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.sagemaker import limit
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM466", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Count them."""
    for path, target in experiment.targets_of(SageMaker):
        if len(target.tags) > limit("tags"):
            yield Problem(f"{path}.tags", f"{len(target.tags)} tags", of_key=True)
