"""grace must be shorter than time.

Why: Slurm would tell the job to save and end as soon as it starts.
Fix: lower grace, or raise time.
Source: sbatch(1), --signal: sent when a job is within so many seconds of its end time.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Slurm
from llmc.compiler.language.units import seconds

CODE, SEVERITY = "LLM485", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare both."""
    for path, target in experiment.targets_of(Slurm):
        if seconds(target.grace) >= seconds(target.time):
            message = f"told to end {target.grace} before the end of {target.time}"
            yield Problem(f"{path}.grace", message, related=(f"{path}.time",))
