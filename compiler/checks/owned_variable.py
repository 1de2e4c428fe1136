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
    for path, names in (("container.environment", _of_image(experiment)), ("secrets", list(experiment.secrets))):
        for variable in names:
            yield from _owned(path, variable, None)


def _of_image(experiment: Experiment) -> list[str]:
    return list(experiment.container.environment) if experiment.container else []


def _owned(path: str, variable: str, kind: str | None) -> Iterator[Problem]:
    owner = owner_of(variable, kind)
    if owner:
        yield Problem(f"{path}.{variable}", f"{variable} is set by {owner}", of_key=True)
