"""bf16 needs an accelerator that computes it.

Why: older ones emulate it, slower than fp32; torch.cuda.is_bf16_supported() says yes all the same, so nobody
complains.
Fix: use fp16 or fp32 for model.dtype, or an accelerator of compute capability 8.0 or more.
Source: DJ075; deepspeed 0.19.8 accelerator/cuda_accelerator.py:204; MakazhanAlpamys/Soup#387 on a T4.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.topology import devices_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM305", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Ask the catalogue about every accelerator that may compute; one too old for the stack has its own check."""
    if experiment.model.dtype != "bf16":
        return
    for name, target in experiment.targets.items():
        for key, device in devices_of(target, facts):
            if device.bf16 is False and device.capability and device.capability >= facts.stack.lowest_capability:
                yield Problem(
                    "model.dtype",
                    f"{device.name} of target '{name}' does not compute bf16, it emulates it",
                    related=(f"targets.{name}.{key}",),
                )
