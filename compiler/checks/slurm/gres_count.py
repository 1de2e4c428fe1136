"""gres must ask for as many accelerators as there are slots.

Why: with fewer, ranks find no device of their own; with more, some are paid for and idle.
Fix: leave the number out, which asks for slots, or make the two equal.
Source: sbatch(1), --gres: name[[:type]:count] on each node.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Slurm

CODE, SEVERITY = "LLM487", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the number at the end, where there is one."""
    for path, target in experiment.targets_of(Slurm):
        count = (target.gres or "").rpartition(":")[2]
        if count.isdecimal() and int(count) != target.slots:
            yield Problem(f"{path}.gres", f"{count} accelerators for {target.slots} ranks", related=(f"{path}.slots",))
