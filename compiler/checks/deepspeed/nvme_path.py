"""An offload to NVMe needs the folder to write to.

Why: DeepSpeed accepts the configuration without it and stops while it builds the optimizer or loads the model.
Fix: give nvme_path beside it, a folder on a local disk of every node.
Source: deepspeed 0.19.8, runtime/zero/partition_parameters.py:1229, runtime/swap_tensor; measured at ZeRO 3.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given, offloaded
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.execution import ZeroInference

CODE, SEVERITY = "LLM245", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at what is offloaded, one after the other."""
    inference = experiment.inference
    if isinstance(inference, ZeroInference) and inference.offload == "nvme" and not inference.nvme_path:
        yield Problem("inference.offload", "the weights are streamed from nvme, and there is no nvme_path")
    for part in ("optimizer", "param"):
        device = offloaded(experiment, part)
        path = given(experiment, f"zero_optimization.offload_{part}.nvme_path")
        if device and device.value == "nvme" and not (path and path.value):
            yield Problem(device.path, f"the offload of the {part} to nvme has no nvme_path")
