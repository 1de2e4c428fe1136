"""A job that may be started again must keep its checkpoints in S3.

Why: every restart would begin at the first step, and bill for it; a long job on spot capacity might never end.
Fix: set checkpoints to a prefix in S3, or remove spot and retries.
Source: DJ105; aws/sagemaker-python-sdk#1040; Boise-State-Development/agentcore-public-stack#1025.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM456", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for restarts without a place for checkpoints."""
    for path, target in experiment.targets_of(SageMaker):
        if (target.spot or target.retries) and target.checkpoints is None:
            yield Problem(
                f"{path}.{'spot' if target.spot else 'retries'}",
                "the job may start again, and keeps no checkpoints",
            )
