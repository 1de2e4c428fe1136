"""FI_PROVIDER=efa needs machines that have EFA.

Why: the network library would find no provider of that name, and every rank would hang or stop when they first meet.
Fix: leave the variable out, take an instance type with EFA, or ask for devices by efa.
Source: DJ100; aws/deep-learning-containers#2675; aws/aws-ofi-nccl#174.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.images import containers
from llmc.compiler.analysis.topology import instance_types
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Kubernetes, SageMaker

CODE, SEVERITY = "LLM312", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare what is demanded with what the target has."""
    image = experiment.container.environment if experiment.container else {}
    for path, target in containers(experiment):
        own = "FI_PROVIDER" in target.environment
        if (target.environment if own else image).get("FI_PROVIDER") != "efa":
            continue
        for key, name in _without(path, target, facts):
            where = f"{path}.environment" if own else "container.environment"
            yield Problem(f"{where}.FI_PROVIDER", f"{name} has no EFA", related=(key,))


def _without(path: str, target: SageMaker | Kubernetes, facts: Facts) -> Iterator[tuple[str, str]]:
    """What has no EFA, as (key, name)."""
    if isinstance(target, Kubernetes):
        if not target.efa:
            yield f"{path}.efa", "a pod"
        return
    for key, name in instance_types(target):
        machine = facts.instance(name)
        if machine and machine.efa_interfaces == 0:
            yield f"{path}.{key}", name
