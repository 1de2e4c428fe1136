"""How many ranks a target runs and what each is for."""

from __future__ import annotations

from dataclasses import dataclass

from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Cluster, Local, SageMaker, Target


@dataclass(frozen=True, slots=True)
class Topology:
    """The ranks of a job: `nodes` machines with `ranks_per_node` processes each.

    `model_parallel` ranks hold one model together: they see the same data.
    """

    nodes: int
    ranks_per_node: int
    model_parallel: int = 1

    @property
    def world_size(self) -> int:
        """All ranks."""
        return self.nodes * self.ranks_per_node

    @property
    def data_parallel(self) -> int:
        """Groups of ranks that see different data; 0 where there are too few ranks for one."""
        return self.world_size // self.model_parallel


def accelerator_of(target: Target, facts: Facts) -> str | None:
    """Give the name of what computes on a target; None where its machines are not known."""
    return None if isinstance(target, SageMaker) else target.accelerator


def topology_of(experiment: Experiment, target_name: str, facts: Facts) -> Topology | None:
    """Give the topology of a target; None where its machines are not known."""
    target, degrees = experiment.targets[target_name], experiment.parallelism
    together = degrees.sequence * degrees.tensor
    if isinstance(target, Local):
        return Topology(1, target.slots, together)
    if isinstance(target, Cluster):
        return Topology(len(target.hosts), target.hosts[0].slots, together)
    if isinstance(target, SageMaker):
        return None
    return Topology(target.nodes, target.slots, together)
