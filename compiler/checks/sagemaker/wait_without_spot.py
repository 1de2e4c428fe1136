"""max_wait is for spot capacity alone.

Why: SageMaker refuses it otherwise: "It is only supported when EnableManagedSpotTraining is set to true".
Fix: remove max_wait, or set spot to true.
Source: Kenza-AI/sagify#111; aws/sagemaker-python-sdk#4140.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM443", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the one without the other."""
    for path, target in experiment.targets_of(SageMaker):
        if target.max_wait and not target.spot:
            yield Problem(f"{path}.max_wait", "max_wait without spot", related=(f"{path}.spot",))
