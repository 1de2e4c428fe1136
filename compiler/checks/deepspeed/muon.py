"""Muon at ZeRO 3 needs gradients that are not scattered.

Why: DeepSpeed raises an error while it builds the optimizer, after the model is loaded.
Fix: remove reduce_scatter, which llmc writes as false for Muon at ZeRO 3.
Source: deepspeed 0.19.8, runtime/zero/stage3.py:361.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import configured, stage_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM259", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the three together."""
    scatter = configured(experiment, "zero_optimization.reduce_scatter")
    is_muon = experiment.training is not None and experiment.training.optimizer.kind == "muon"
    if scatter and scatter.value is True and is_muon and stage_of(experiment) == 3:
        yield Problem(scatter.path, "reduce_scatter with Muon at ZeRO 3", related=("training.optimizer.kind",))
