"""subnets and security_groups belong together.

Why: SageMaker's VpcConfig needs both; a request with one of them is refused.
Fix: give both, or neither.
Source: botocore 1.44.5, VpcConfig: SecurityGroupIds and Subnets are required.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM448", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for one without the other."""
    for path, target in experiment.targets_of(SageMaker):
        if bool(target.subnets) != bool(target.security_groups):
            yield Problem(
                f"{path}.{'subnets' if target.subnets else 'security_groups'}",
                f"{'subnets' if target.subnets else 'security_groups'} alone",
            )
