"""The ranks of a target must be a multiple of sequence x tensor parallelism.

Why: that many ranks hold one model together; a group that is not full cannot start.
Fix: choose degrees whose product divides the number of ranks.
Source: deepspeed 0.19.8, deepspeed/utils/groups.py: the mesh is data x sequence x tensor.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.topology import ranks_key, topology_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM225", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Divide the ranks of every target."""
    degrees = experiment.parallelism
    if degrees.sequence == degrees.tensor == 1:
        return
    for name, target in experiment.targets.items():
        topology = topology_of(experiment, name, facts)
        if topology and not topology.data_parallel:
            yield Problem(
                "parallelism",
                f"{topology.world_size} ranks on target '{name}' cannot be grouped by "
                f"{degrees.sequence} x {degrees.tensor}",
                related=(f"targets.{name}.{ranks_key(target)}",),
            )
