"""volume_kms_key cannot be used where machines have disks of their own.

Why: their hardware encrypts those; SageMaker refuses the key.
Fix: remove volume_kms_key; what is written to S3 has output_kms_key.
Source: botocore 1.44.5, ResourceConfig.VolumeKmsKeyId: not with an instance type with local storage.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.topology import instance_types
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM453", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for a type with disks, where a key is given."""
    for path, target in experiment.targets_of(SageMaker):
        for key, name in instance_types(target) if target.volume_kms_key else ():
            machine = facts.instance(name)
            if machine and machine.nvme_gb:
                yield Problem(f"{path}.volume_kms_key", f"{name} has disks of its own", related=(f"{path}.{key}",))
