"""exclude must leave something to run on.

Why: the launcher would find no host, and stop with an IndexError.
Fix: exclude less, or name what to use with include.
Source: deepspeed 0.19.8, launcher/runner.py: the first of the active resources is the master.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.hosts import named_by, taking_part
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Cluster

CODE, SEVERITY = "LLM481", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Ask what an exclude leaves, if nothing else is wrong with it."""
    for path, target in experiment.targets_of(Cluster):
        named = named_by(target.exclude) if target.exclude and not target.include else None
        if named and _all_there(target, named) and not taking_part(target):
            yield Problem(f"{path}.exclude", "every slot of every host is excluded", related=(f"{path}.hosts",))


def _all_there(target: Cluster, named: list[tuple[str, set[int]]]) -> bool:
    """Whether the cluster has every host and slot that the filter names."""
    slots = {host.address: set(range(host.slots)) for host in target.hosts}
    return all(name in slots and wanted <= slots[name] for name, wanted in named)
