"""A secret and an environment variable must not have the same name.

Why: both would set the variable; which of them the job gets would depend on the target.
Fix: remove the variable: a secret's value is never written in a spec.
Source: one owner for each value, the rule of this language.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM470", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for every secret's name among the variables."""
    if not experiment.secrets:
        return
    places = [(f"targets.{name}.environment", target.environment) for name, target in experiment.targets.items()]
    if experiment.container:
        places.append(("container.environment", experiment.container.environment))
    for path, variables in places:
        for name in experiment.secrets:
            if name in variables:
                yield Problem(
                    f"{path}.{name}", f"{name} is a secret as well", related=(f"secrets.{name}",), of_key=True
                )
