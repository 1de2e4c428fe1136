"""What pods write must outlive them.

Why: a pod's own disk is deleted with it: checkpoints, the model and the answers would be gone when the job
ends, or restarts.
Fix: add a volume that can be written, or give an s3:// prefix: training.checkpoint.upload, or inference.output.
Source: kubernetes.io/docs/concepts/storage/volumes: files in a container are lost when it stops.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Kubernetes

CODE, SEVERITY = "LLM488", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for a place that stays."""
    if experiment.training and experiment.training.checkpoint.upload:
        return
    if experiment.inference and experiment.inference.output:
        return
    for path, target in experiment.targets_of(Kubernetes):
        if all(volume.read_only for volume in target.volumes):
            yield Problem(f"{path}.volumes", "nothing that the pods can write outlives them")
