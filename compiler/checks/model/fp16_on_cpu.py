"""DeepSpeed cannot compute in fp16 on a CPU.

Why: the job would stop with "Type fp16 is not supported on your device" after loading the model.
Fix: use bf16 or fp32.
Source: measured with deepspeed 0.19.8 on CPU.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.topology import accelerator_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM301", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the pair in every target."""
    if experiment.model.dtype != "fp16" or (experiment.inference and experiment.inference.engine == "transformers"):
        return
    for name, target in experiment.targets.items():
        if accelerator_of(target, facts) == "cpu":
            yield Problem("model.dtype", f"fp16 on the CPU of target '{name}'", related=(f"targets.{name}",))
