"""Some environment variables of old guides do harm now.

Why: they worked around versions of libfabric, NCCL and the EFA plugin that no current image has, and keep newer ones
from choosing what is best.
Fix: remove the variable.
Source: schemas/catalog/variables.json, obsolete: each with its source.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.variables import obsolete
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM469", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look up the variables of targets and of the image."""
    places = [(f"targets.{name}.environment", target.environment) for name, target in experiment.targets.items()]
    if experiment.container:
        places.append(("container.environment", experiment.container.environment))
    for path, variables in places:
        for variable in variables:
            why = obsolete(variable)
            if why:
                yield Problem(f"{path}.{variable}", f"{variable} should no longer be set", why=why, of_key=True)
