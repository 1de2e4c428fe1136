"""On SageMaker the NVMe disks are seen below /opt/ml and /tmp alone.

Why: any other folder is the image's own, on a small disk that is shared with the system.
Fix: use a path such as /tmp/offload.
Source: DJ032; botocore 1.44.5, ResourceConfig.VolumeSizeInGB: SageMaker's storage paths use the instance storage.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from llmc.compiler.analysis.storage import nvme_path, on_nvme
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM310", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at the path where something is put on it."""
    named = nvme_path(experiment) if on_nvme(experiment) else None
    if named is None or PurePosixPath(named[1]).parts[:3] == ("/", "opt", "ml"):
        return
    if PurePosixPath(named[1]).parts[:2] != ("/", "tmp"):
        for path, _ in experiment.targets_of(SageMaker):
            yield Problem(named[0], f"{named[1]} is on no NVMe disk on SageMaker", related=(f"{path}.instance_type",))
