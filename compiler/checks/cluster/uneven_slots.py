"""Every host of a cluster must run as many ranks as the others.

Why: a bundle says one number of processes for each machine; with others, ranks wait for peers that never come.
Fix: give all hosts the same slots, or take the surplus away with exclude.
Source: huggingface/transformers#21373: hosts with 1 and 2 slots hang for 30 minutes, then fail.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.hosts import taking_part
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Cluster

CODE, SEVERITY = "LLM476", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Count what the filters leave, and point at the first host that differs from the one that leads."""
    for path, target in experiment.targets_of(Cluster):
        counts = {address: len(slots) for address, slots in (taking_part(target) or {}).items()}
        places = [place for place, host in enumerate(target.hosts) if host.address in counts]
        odd = [place for place in places if counts[target.hosts[place].address] != next(iter(counts.values()))]
        if odd:
            shown = ", ".join(f"{address} {count}" for address, count in counts.items())
            yield Problem(
                f"{path}.hosts[{odd[0]}].slots",
                f"the hosts run different numbers of ranks: {shown}",
                related=(f"{path}.hosts[{places[0]}].slots",),
            )
