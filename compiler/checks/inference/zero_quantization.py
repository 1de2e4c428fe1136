"""ZeRO-Inference quantizes weights in fp16 alone.

Why: DeepSpeed asserts "Model weight is expected in half" after reading the whole model.
Fix: set model.dtype to fp16, or remove inference.weight_quantization.
Source: deepspeed 0.19.8, inference/quantization/quantization.py:81.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.execution import ZeroInference

CODE, SEVERITY = "LLM298", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the number format."""
    inference = experiment.inference
    if isinstance(inference, ZeroInference) and inference.weight_quantization and experiment.model.dtype != "fp16":
        message = f"weights in {experiment.model.dtype} cannot be quantized by ZeRO-Inference"
        yield Problem("inference.weight_quantization", message, related=("model.dtype",))
