"""Quantized gradients need a reduce-scatter and another optimizer than Muon.

Why: DeepSpeed asserts both while it builds the optimizer of ZeRO 3, after the model is loaded.
Fix: remove zero_quantized_gradients, or what the message names.
Source: deepspeed 0.19.8, runtime/zero/stage3.py:363 and 390.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import configured, stage_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM262", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for what stands against it."""
    quantized = configured(experiment, "zero_optimization.zero_quantized_gradients")
    if quantized is None or quantized.value is not True or stage_of(experiment) != 3:
        return
    scatter = configured(experiment, "zero_optimization.reduce_scatter")
    if experiment.training and experiment.training.optimizer.kind == "muon":
        yield Problem(quantized.path, "quantized gradients with Muon", related=("training.optimizer.kind",))
    elif scatter and scatter.value is False:
        yield Problem(quantized.path, "quantized gradients without reduce_scatter", related=(scatter.path,))
