"""A spec must not set environment variables that somebody else sets.

Why: the launcher, the platform or another key of the spec gives them a value; the two would fight, and ranks that take
the wrong one hang, or all compute on the same device.
Fix: remove the variable; where a key of the spec owns it, set that key.
Source: schemas/catalog/variables.json, owned: each with its source.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.variables import owner_of
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM468", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look up the variables of targets and of the image, and the names of secrets."""
    for name, target in experiment.targets.items():
        for variable in target.environment:
            yield from _owned(f"targets.{name}.environment", variable, target.kind)
    everywhere = [("secrets", name) for name in experiment.secrets]
    if experiment.container:
        everywhere += [("container.environment", name) for name in experiment.container.environment]
    for path, variable in everywhere:
        yield from _owned(path, variable, *(target.kind for target in experiment.targets.values()))


def _owned(path: str, variable: str, *kinds: str) -> Iterator[Problem]:
    owner = next(filter(None, (owner_of(variable, kind) for kind in kinds)), None)
    if owner:
        yield Problem(f"{path}.{variable}", f"{variable} is set by {owner}", of_key=True)
