"""Machines without disks of their own need volume_size_gb.

Why: SageMaker wants the size for such a type. The SDK's own choice, 30 GB, is
soon full.
Fix: set volume_size_gb to what the data, the model and the checkpoints that are kept need together.
Source: botocore 1.44.5, ResourceConfig.VolumeSizeInGB: you must define the size; awslabs/graphstorm#309.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.topology import instance_types
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM452", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for a type without disks, where no size is given."""
    for path, target in experiment.targets_of(SageMaker):
        for key, name in instance_types(target) if target.volume_size_gb is None else ():
            machine = facts.instance(name)
            if machine and machine.nvme_gb == 0:
                yield Problem(f"{path}.{key}", f"{name} has no disk of its own, and volume_size_gb is not given")
