"""torch_autocast is for a model in fp32 that is not quantized.

Why: beside bf16 or fp16 both are active, and what is computed in which precision follows from neither key.
Fix: write model.dtype: fp32 to have autocast, or remove torch_autocast.
Source: deepspeed 0.19.8, runtime/torch_autocast.py:31; beside bf16 it is accepted without a word, measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM251", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for what it does not go with."""
    autocast = given(experiment, "torch_autocast.enabled")
    if autocast is None or autocast.value is not True:
        return
    if experiment.model.dtype != "fp32":
        message = f"torch_autocast with a model in {experiment.model.dtype}"
        yield Problem(autocast.path, message, related=("model.dtype",))
    quantized = given(experiment, "zero_optimization.zero_quantized_weights")
    if quantized and quantized.value:
        message, why = "torch_autocast with quantized weights", "DeepSpeed asserts that only one of them is on"
        yield Problem(autocast.path, message, why=why, help="remove one of the two", related=(quantized.path,))
