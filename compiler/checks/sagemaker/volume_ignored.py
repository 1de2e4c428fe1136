"""volume_size_gb says nothing where machines have disks of their own.

Why: SageMaker provisions no volume for such a type; what there is, is the size of its NVMe disks.
Fix: remove volume_size_gb.
Source: botocore 1.44.5, ResourceConfig.VolumeSizeInGB: available storage is fixed to the NVMe capacity.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.topology import instance_types
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM451", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at the disks of all types that may be taken."""
    for path, target in experiment.targets_of(SageMaker):
        machines = [facts.instance(name) for _, name in instance_types(target)] if target.volume_size_gb else []
        if machines and all(machine and machine.nvme_gb for machine in machines):
            size = machines[0].nvme_gb if machines[0] else None
            yield Problem(
                f"{path}.volume_size_gb",
                f"{target.instance_type} has {size} GB of NVMe and no volume",
                related=(f"{path}.instance_type",),
            )
