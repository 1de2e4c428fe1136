"""An offloaded optimizer must be one that DeepSpeed has for CPUs.

Why: adamw_8bit comes from bitsandbytes, and DeepSpeed refuses to offload an optimizer that it did not make.
Fix: use adamw, whose states DeepSpeed keeps on the CPU, or leave the 8-bit states on the accelerator.
Source: deepspeed 0.19.8, runtime/engine.py:2346; OpenMOSS/MOSS#272.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import offloaded
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM260", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the pair."""
    if experiment.training and experiment.training.optimizer.kind == "adamw_8bit":
        offload = offloaded(experiment, "optimizer")
        if offload:
            yield Problem(offload.path, "an offload of adamw_8bit", related=("training.optimizer.kind",))
