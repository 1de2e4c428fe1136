"""How many ranks a target runs and what each is for."""

from __future__ import annotations

from dataclasses import dataclass

from llmc.compiler.language.experiment import Target


@dataclass(frozen=True, slots=True)
class Topology:
    """The ranks of a job: `nodes` machines with `ranks_per_node` processes each."""

    nodes: int
    ranks_per_node: int

    @property
    def world_size(self) -> int:
        """All ranks."""
        return self.nodes * self.ranks_per_node

    @property
    def data_parallel(self) -> int:
        """Ranks that see different data: all of them, as long as the language has no other kind of parallelism."""
        return self.world_size


def topology_of(target: Target) -> Topology:
    """Give the topology of a target."""
    return Topology(nodes=1, ranks_per_node=target.slots)
