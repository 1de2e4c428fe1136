"""Gradients cannot be scaled before a reduce-scatter.

Why: ZeRO 2 and 3 assert it while they build the optimizer, after the model is loaded.
Fix: remove the key, or write zero_optimization.reduce_scatter: false.
Source: deepspeed 0.19.8, runtime/zero/stage_1_and_2.py:350 and stage3.py:395, measured; ZeRO 1 does not reduce-scatter.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given, stage_of, value_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM247", "error"

_NEUTRAL = {"prescale_gradients": False, "gradient_predivide_factor": 1}


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for either key beside a reduce-scatter that averages; a sum is not asserted on below ZeRO 3."""
    for key, neutral in _NEUTRAL.items():
        setting = given(experiment, key)
        if setting and setting.value != neutral and _scatters(experiment, facts):
            message = f"{key} with the reduce-scatter of ZeRO {stage_of(experiment)}"
            yield Problem(setting.path, message, related=("deepspeed.zero_stage",))


def _scatters(experiment: Experiment, facts: Facts) -> bool:
    averages = stage_of(experiment) == 3 or value_of(experiment, facts, "gradient_allreduce_op") != "sum"
    scatters = value_of(experiment, facts, "zero_optimization.reduce_scatter")
    return stage_of(experiment) in (2, 3) and averages and scatters is not False
