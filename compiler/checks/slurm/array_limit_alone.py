"""array_limit is for sweeps.

Why: one experiment is one job, and no job array; the limit does nothing.
Fix: remove array_limit, or add a sweep.
Source: sbatch(1), --array: the % sets how many tasks of an array run at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Slurm

CODE, SEVERITY = "LLM486", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the limit where there is no sweep."""
    if experiment.variant is not None:
        return
    for path, target in experiment.targets_of(Slurm):
        if target.array_limit is not None:
            yield Problem(f"{path}.array_limit", "a limit for a sweep, and no sweep")
