"""ZeRO 3 averages gradients; it cannot sum them.

Why: DeepSpeed raises an error while it reads the configuration.
Fix: remove gradient_allreduce_op, or use a lower ZeRO stage.
Source: deepspeed 0.19.8, runtime/config.py:696, measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given, stage_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM254", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the pair."""
    operation = given(experiment, "gradient_allreduce_op")
    if operation and str(operation.value).lower() == "sum" and stage_of(experiment) == 3:
        yield Problem(operation.path, "gradient_allreduce_op sum with ZeRO 3", related=("deepspeed.zero_stage",))
