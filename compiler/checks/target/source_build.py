"""The stack's own base image cannot build packages that have no wheel.

Why: pip would compile CUDA code for half an hour or more, or fail without nvcc.
Fix: build on a container.base that has the package or nvcc, or leave it out: sdpa needs none.
Source: DJ130; pip --only-binary :all: finds none for flash-attn; Dao-AILab/flash-attention#1717.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.requirements import pins
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM474", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look every package up; what somebody's own base image can build is not known."""
    if experiment.container is None or experiment.container.base:
        return
    for path, package, version in pins(experiment):
        optional = facts.stack.optional.get(package)
        if optional and not optional.wheel:
            yield Problem(path, f"{package} {version} has no wheel and would be built from source")
