"""A file system of FSx needs subnets and security_groups.

Why: it is reached from inside its VPC alone; SageMaker refuses a file system without a VpcConfig.
Fix: give the subnets and the security groups that it can be reached from.
Source: AWS, Access Training Data; huggingface/accelerate#1517: it needs subnets and security groups.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM449", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for a file system outside a VPC."""
    for path, target in experiment.targets_of(SageMaker):
        if target.fsx and not target.subnets and not target.security_groups:
            yield Problem(f"{path}.fsx", "a file system without subnets and security_groups")
