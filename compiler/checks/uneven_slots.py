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
    """Count what the filters leave."""
    for path, target in experiment.targets_of(Cluster):
        counts = {address: len(slots) for address, slots in (taking_part(target) or {}).items()}
        if len(set(counts.values())) > 1:
            shown = ", ".join(f"{address} {count}" for address, count in counts.items())
            yield Problem(f"{path}.hosts", f"the hosts run different numbers of ranks: {shown}", of_key=True)
