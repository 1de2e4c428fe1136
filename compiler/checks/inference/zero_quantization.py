"""ZeRO-Inference quantizes weights in fp16 alone, in groups that divide their rows.

Why: DeepSpeed asserts both after reading the whole model: "Model weight is expected in half".
Fix: set model.dtype to fp16, and group_size to a divisor of the model's widths; or remove weight_quantization.
Source: deepspeed 0.19.8, inference/quantization/quantization.py:81 and utils.py:57.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.execution import ZeroInference

CODE, SEVERITY = "LLM298", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the number format, and the widths where the model is known."""
    inference = experiment.inference
    if not isinstance(inference, ZeroInference) or inference.weight_quantization is None:
        return
    if experiment.model.dtype != "fp16":
        message = f"weights in {experiment.model.dtype} cannot be quantized by ZeRO-Inference"
        yield Problem("inference.weight_quantization", message, related=("model.dtype",))
    card, size = facts.model(experiment), inference.weight_quantization.group_size
    for width in (card.hidden_size, card.intermediate_size) if card else ():
        if width and width % size:
            path = "inference.weight_quantization.group_size"
            yield Problem(path, f"groups of {size} do not divide the model's width of {width}")
