"""A training job takes only the instance types that SageMaker trains on.

Why: some types are for endpoints or for HyperPod clusters alone; CreateTrainingJob refuses them.
Fix: take a type that `llmc catalog instances` lists for training.
Source: botocore 1.44.5, enumeration TrainingInstanceType of the SageMaker API; schemas/catalog/instances.json, uses.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.topology import instance_types
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM440", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look the use up for every type; unknown types have their own check."""
    for path, target in experiment.targets_of(SageMaker):
        for key, name in instance_types(target):
            machine = facts.instance(name)
            if machine and "training" not in machine.uses:
                uses = " and ".join(machine.uses)
                yield Problem(f"{path}.{key}", f"SageMaker has {name} for {uses}, not for training jobs")
