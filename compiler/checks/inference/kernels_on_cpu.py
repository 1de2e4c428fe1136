"""DeepSpeed's inference kernels and CUDA graphs need a GPU.

Why: the job would stop with "This op had not been implemented on CPU backend" once the model is loaded.
Fix: remove replace_with_kernel_inject and enable_cuda_graph for this target.
Source: measured with deepspeed 0.19.8 on CPU.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.topology import accelerator_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.execution import DeepSpeedInference

CODE, SEVERITY = "LLM296", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for each of them on every target that computes on CPUs."""
    inference = experiment.inference
    if not isinstance(inference, DeepSpeedInference):
        return
    asked = [name for name in ("replace_with_kernel_inject", "enable_cuda_graph") if getattr(inference, name)]
    for name, target in experiment.targets.items() if asked else ():
        if accelerator_of(target, facts) == "cpu":
            message = f"{asked[0]} on the CPU of target '{name}'"
            yield Problem(f"inference.{asked[0]}", message, related=(f"targets.{name}",))
