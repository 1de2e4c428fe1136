"""A SageMaker instance type must be one that the catalogue knows.

Why: SageMaker would refuse the job, and nothing can be said of ranks, memory or cost on machines that are not known.
Fix: take a name of `llmc catalog instances`; one that is new is an entry in schemas/catalog/instances.json.
Source: botocore 1.44.5, enumerations of the SageMaker API: TrainingInstanceType and those of the other jobs.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.hardware import instance_names
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker
from llmc.compiler.language.spelling import closest

CODE, SEVERITY = "LLM303", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look up the type of every SageMaker target, and those it would fall back to."""
    for name, target in experiment.targets.items():
        if not isinstance(target, SageMaker):
            continue
        named = {f"targets.{name}.instance_type": target.instance_type}
        named |= {f"targets.{name}.fallback[{place}]": other for place, other in enumerate(target.fallback)}
        for path, instance_type in named.items():
            if facts.instance(instance_type) is None:
                yield _unknown(path, instance_type)


def _unknown(path: str, instance_type: str) -> Problem:
    meant = closest(instance_type, instance_names())
    return Problem(
        path,
        f"no instance type '{instance_type}' is known",
        help=f"did you mean '{meant}'? `llmc catalog instances` lists them" if meant else None,
    )
