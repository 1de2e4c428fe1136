"""Nothing here computes on AWS Neuron: Trainium and Inferentia.

Why: the stack's torch and DeepSpeed know CUDA and CPUs; Neuron needs torch-neuronx and a compiled model.
Fix: take an instance type with NVIDIA accelerators: `llmc catalog instances`.
Source: schemas/catalog/stacks.json: no stack has torch-neuronx; deepspeed 0.19.8 has no accelerator of that name.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.topology import devices_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM308", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at the kind of every accelerator."""
    for name, target in experiment.targets.items():
        for key, device in devices_of(target, facts):
            if device.kind == "neuron":
                yield Problem(f"targets.{name}.{key}", f"{device.name} is a Neuron device, which no engine here uses")
