"""Weights that bitsandbytes quantized can neither be shared by layers nor streamed.

Why: DeepSpeed cuts such weights as if they were plain matrices, and stops at the first prompt; streamed by ZeRO 3 they
gave other answers than whole ones, or stayed on the accelerator as well.
Fix: use the engine transformers, or leave model.quantization out; the engine zero has weight_quantization of its own.
Source: measured with deepspeed 0.19.8, transformers 5.23.0 and bitsandbytes 0.50.2 on two CPU ranks.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM291", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at the engine."""
    inference, tensor = experiment.inference, experiment.parallelism.tensor
    if inference is None or experiment.model.quantization is None or inference.engine == "transformers":
        return
    if inference.engine == "zero" or tensor > 1:
        message = f"the engine {inference.engine} with weights quantized by bitsandbytes"
        yield Problem("inference.engine", message, related=("model.quantization.kind",))
