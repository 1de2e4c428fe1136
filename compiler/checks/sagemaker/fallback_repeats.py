"""fallback must not name instance_type again.

Why: the type is the first of InstancePreferences already, and SageMaker takes each type once.
Fix: remove it from fallback.
Source: botocore 1.44.5, InstancePreference.InstanceType: an instance type can appear only once in the list.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM455", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for it in the list; the schema sees to the rest."""
    for path, target in experiment.targets_of(SageMaker):
        if target.instance_type in target.fallback:
            place = target.fallback.index(target.instance_type)
            yield Problem(f"{path}.fallback[{place}]", "the type itself", related=(f"{path}.instance_type",))
