"""compute_grad_norm: false goes with ZeRO 1 or 2 alone, without clipping and without an offload.

Why: DeepSpeed raises an error while it reads the configuration or builds the optimizer.
Fix: remove the key, or set training.gradient_clipping to 0 and remove what else needs the norm.
Source: deepspeed 0.19.8, runtime/zero/config.py:387, stage_1_and_2.py:213-219, engine.py:2307; all measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given, offloaded, stage_of, value_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM250", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Say each thing that stands against it."""
    setting = given(experiment, "zero_optimization.compute_grad_norm")
    if setting and setting.value is False:
        for obstacle, key in _obstacles(experiment, facts):
            yield Problem(setting.path, f"compute_grad_norm: false with {obstacle}", related=(key,))


def _obstacles(experiment: Experiment, facts: Facts) -> Iterator[tuple[str, str]]:
    stage = stage_of(experiment)
    if stage not in (1, 2):
        yield f"ZeRO {stage}", "deepspeed.zero_stage"
    if experiment.training and experiment.training.gradient_clipping > 0:
        yield f"gradient_clipping {experiment.training.gradient_clipping}", "training.gradient_clipping"
    offload = offloaded(experiment, "optimizer")
    if offload:
        yield "an offloaded optimizer", offload.path
    accumulation = value_of(experiment, facts, "data_types.grad_accum_dtype")
    if stage == 1 and experiment.model.dtype == "bf16" and accumulation == "fp32" and not offload:
        yield "bf16 weights and fp32 gradients at ZeRO 1", "deepspeed.config.data_types.grad_accum_dtype"
