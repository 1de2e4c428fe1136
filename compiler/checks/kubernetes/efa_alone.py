"""EFA devices are of no use to a job of one pod.

Why: they carry traffic between machines; the pod would wait for a node with free devices, and never use them.
Fix: set efa to 0, or nodes to 2 or more.
Source: AWS, Elastic Fabric Adapter: an interface for communication between instances.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Kubernetes

CODE, SEVERITY = "LLM313", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for devices without a second pod."""
    for path, target in experiment.targets_of(Kubernetes):
        if target.efa and target.nodes == 1:
            yield Problem(f"{path}.efa", "EFA devices for a single pod", related=(f"{path}.nodes",))
