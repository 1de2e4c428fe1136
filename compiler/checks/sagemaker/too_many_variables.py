"""A training job has 100 environment variables at most.

Why: SageMaker refuses more.
Fix: move those that never change into container.environment, which is part of the image.
Source: botocore 1.44.5, TrainingEnvironmentMap: at most 100.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.sagemaker import limit
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM467", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Count them."""
    for path, target in experiment.targets_of(SageMaker):
        if len(target.environment) > limit("variables"):
            yield Problem(f"{path}.environment", f"{len(target.environment)} variables", of_key=True)
