"""Every type of fallback must have as many accelerators as instance_type.

Why: the batch equation was solved for one number of ranks; with another the job stops, or trains with another batch.
Fix: remove the type; a second target can have it, with a batch of its own.
Source: the batch equation; schemas/catalog/instances.json.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.hardware import Instance
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM454", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the accelerators of each type with those of the first."""
    for path, target in experiment.targets_of(SageMaker):
        first = facts.instance(target.instance_type) if target.fallback else None
        for place, name in enumerate(target.fallback):
            other = facts.instance(name)
            if first and other and _alike(first) != _alike(other):
                yield Problem(
                    f"{path}.fallback[{place}]",
                    f"{name} has {_shown(other)}, {first.name} has {_shown(first)}",
                    related=(f"{path}.instance_type",),
                )


def _alike(machine: Instance) -> tuple[int, bool]:
    return machine.count, machine.accelerator == "cpu"


def _shown(machine: Instance) -> str:
    return f"{machine.count} x {machine.accelerator}"
