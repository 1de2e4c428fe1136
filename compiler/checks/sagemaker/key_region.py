"""The key of the disks must be of the target's region.

Why: a disk is encrypted by a key of its own region; the job would fail before its container starts.
Fix: name a key of that region.
Source: AWS, Amazon EBS encryption: KMS keys are looked up in the volume's region.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM463", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare both regions; where the bucket that output_kms_key is for lies, no spec says."""
    for path, target in experiment.targets_of(SageMaker):
        if not target.volume_kms_key:
            continue
        region = (target.volume_kms_key.split(":") + [""] * 4)[3]
        if region and region != target.region:
            yield Problem(
                f"{path}.volume_kms_key", f"a key in {region} for disks in {target.region}", related=(f"{path}.region",)
            )
