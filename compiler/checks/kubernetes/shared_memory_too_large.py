"""A pod's shared memory is part of its memory.

Why: /dev/shm is memory of the pod; filled up it would take all that the pod may have, and the pod is killed.
Fix: lower shm_gb, or raise memory_gb.
Source: kubernetes.io/docs/concepts/storage/volumes, emptyDir: with medium Memory, files count against the memory limit.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Kubernetes

CODE, SEVERITY = "LLM314", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare both."""
    for path, target in experiment.targets_of(Kubernetes):
        if target.memory_gb is not None and target.shm_gb >= target.memory_gb:
            yield Problem(
                f"{path}.shm_gb",
                f"{target.shm_gb} GB of shared memory in a pod of {target.memory_gb} GB",
                related=(f"{path}.memory_gb",),
            )
