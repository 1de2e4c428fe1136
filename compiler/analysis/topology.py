"""How many ranks a target runs and what each is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmc.compiler.analysis.hosts import taking_part
from llmc.compiler.facts.hardware import Accelerator
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Cluster, Local, SageMaker, Target


@dataclass(frozen=True, slots=True)
class Topology:
    """The ranks of a job: `nodes` machines with `ranks_per_node` processes each.

    `model_parallel` ranks hold one model together: they see the same data. `slots` are the ranks of each machine where
    those differ; `ranks_per_node` is then the most that one has.
    """

    nodes: int
    ranks_per_node: int
    model_parallel: int = 1
    slots: tuple[int, ...] = ()

    @property
    def world_size(self) -> int:
        """All ranks."""
        return sum(self.slots) if self.slots else self.nodes * self.ranks_per_node

    @property
    def data_parallel(self) -> int:
        """Groups of ranks that see different data; 0 where the ranks cannot all be grouped."""
        groups, left_over = divmod(self.world_size, self.model_parallel)
        return 0 if left_over else groups


def accelerator_of(target: Target, facts: Facts) -> str | None:
    """Give the name of what computes on a target; None where its machines are not known."""
    if isinstance(target, SageMaker):
        machine = facts.instance(target.instance_type)
        return machine.accelerator if machine else None
    return target.accelerator


def device_of(target: Target, facts: Facts) -> Accelerator | None:
    """Give what is known of what computes on a target; None where that is nothing."""
    name = accelerator_of(target, facts)
    return facts.accelerator(name) if name else None


def devices_of(target: Target, facts: Facts) -> list[tuple[str, Accelerator]]:
    """Give all that may compute on a target, each with the key below the target that says so; SageMaker may fall back.

    What the catalogue does not know is left out.
    """
    if not isinstance(target, SageMaker):
        found = [("accelerator", facts.accelerator(target.accelerator))]
    else:
        machines = [(key, facts.instance(name)) for key, name in instance_types(target)]
        found = [(key, facts.accelerator(machine.accelerator)) for key, machine in machines if machine]
    return [(key, device) for key, device in found if device]


def instance_types(target: SageMaker) -> list[tuple[str, str]]:
    """Give every instance type that a target may get, as (key below the target, type)."""
    others = [(f"fallback[{place}]", name) for place, name in enumerate(target.fallback)]
    return [("instance_type", target.instance_type), *others]


def topology_of(experiment: Experiment, target_name: str, facts: Facts) -> Topology | None:
    """Give the topology of a target; None where its machines are not known."""
    degrees = experiment.parallelism
    slots = _slots(experiment.targets[target_name], facts)
    if not slots:
        return None
    uneven = tuple(slots) if min(slots) < max(slots) else ()
    return Topology(len(slots), max(slots), degrees.sequence * degrees.tensor, uneven)


def ranks_key(target: Target) -> str:
    """The key of a target that says how many ranks it has, for messages to point at."""
    return {"cluster": "hosts", "sagemaker": "instance_count"}.get(target.kind, "slots")


def _slots(target: Target, facts: Facts) -> Sequence[int]:
    """The ranks of each machine: one for each accelerator. Nothing where the machines are not known."""
    if isinstance(target, Local):
        return [target.slots]
    if isinstance(target, Cluster):
        return [len(slots) for slots in (taking_part(target) or {}).values()]
    if isinstance(target, SageMaker):
        machine = facts.instance(target.instance_type)
        return [machine.count] * target.instance_count if machine else []
    return [target.slots] * target.nodes
