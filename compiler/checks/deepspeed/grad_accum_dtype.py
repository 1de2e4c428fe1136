"""Without ZeRO, gradients are accumulated in the dtype of the model.

Why: DeepSpeed raises NotImplementedError for any other pair while it builds the optimizer.
Fix: remove data_types.grad_accum_dtype, or use deepspeed.zero_stage 1 or higher.
Source: deepspeed 0.19.8, runtime/engine.py:2323, measured with bf16 and fp32.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given, stage_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM248", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the two dtypes at stage 0."""
    accumulation, dtype = given(experiment, "data_types.grad_accum_dtype"), experiment.model.dtype
    if accumulation is None or accumulation.value in (None, dtype):
        return
    if stage_of(experiment) == 0:
        message = f"gradients in {accumulation.value} for a model in {dtype} need ZeRO, and this is stage 0"
        yield Problem(accumulation.path, message, related=("model.dtype", "deepspeed.zero_stage"))
