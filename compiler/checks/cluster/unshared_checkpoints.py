"""Checkpoints of several machines need a file system that they share, or a place to be uploaded to.

Why: every machine writes its ranks' part; a restart finds the others' missing, and hangs or begins again.
Fix: set shared_filesystem to true where all machines see the same folder, or give training.checkpoint.upload.
Source: DJ063; deepspeedai/DeepSpeed#465.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.hosts import taking_part
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Cluster

CODE, SEVERITY = "LLM482", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at clusters where more than one machine trains."""
    if experiment.training is None or experiment.training.checkpoint.upload:
        return
    for path, target in experiment.targets_of(Cluster):
        if not target.shared_filesystem and len(taking_part(target) or {}) > 1:
            yield Problem(f"{path}.shared_filesystem", "each machine would keep its part of a checkpoint to itself")
