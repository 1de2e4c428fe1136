"""Offload to NVMe needs an instance type with a disk of its own.

Why: the path would lie on the network volume, hundreds of times slower, or on the image's own small disk, and fill it.
Fix: offload to cpu, or take an instance type with NVMe: `llmc catalog instances`.
Source: DJ032; huggingface/transformers#16616; deepspeedai/DeepSpeed#1627.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.storage import on_nvme
from llmc.compiler.analysis.topology import instance_types
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM309", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at the disks of every type that SageMaker may take; of other targets' machines nothing is known."""
    keys = on_nvme(experiment)
    if not keys:
        return
    for path, target in experiment.targets_of(SageMaker):
        for key, name in instance_types(target):
            machine = facts.instance(name)
            if machine and machine.nvme_gb == 0:
                yield Problem(f"{path}.{key}", f"{name} has no NVMe disk for {keys[0]}", related=tuple(keys))
