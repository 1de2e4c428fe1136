"""The batch equation: global batch = micro batch x accumulation x data-parallel ranks.

DeepSpeed asserts it after the nodes were paid for (deepspeed/runtime/config.py, _batch_assertion); we solve it before.
"""

from __future__ import annotations

from dataclasses import dataclass

from llmc.compiler.analysis.topology import Topology
from llmc.compiler.language.sections.training import Training


@dataclass(frozen=True, slots=True)
class Batch:
    """A solution, in sequences: what one rank takes at once, how often before a step, on how many ranks."""

    micro: int
    accumulation: int
    data_parallel: int
    micro_was_chosen: bool

    @property
    def total(self) -> int:
        """Sequences per optimizer step."""
        return self.micro * self.accumulation * self.data_parallel


def solve(training: Training, topology: Topology) -> Batch | None:
    """Solve the equation for a topology; None where whole numbers cannot.

    A micro batch that the spec leaves open becomes 1: it needs the least memory, and nothing is known yet that would
    show a larger one to fit.
    """
    if not topology.data_parallel:
        return None
    micro = training.micro_batch_size or 1
    accumulation, rest = divmod(training.global_batch_size, micro * topology.data_parallel)
    if rest or not accumulation:
        return None
    return Batch(micro, accumulation, topology.data_parallel, training.micro_batch_size is None)
