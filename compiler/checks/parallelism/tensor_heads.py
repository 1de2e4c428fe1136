"""More ranks than key-value heads should not share a layer.

Why: heads are shared in groups that have one key-value head; ranks beyond those compute no attention, and wait.
Fix: lower parallelism.tensor to the number of key-value heads or a divisor of it.
Source: deepspeed 0.19.8, runtime/engine.py:1041-1052, which logs it. Uneven shares are slow, not wrong: measured, with
the logits and the losses of whole layers (DJ049).
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM237", "warning"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether ranks share layers."""
    return experiment.parallelism.tensor > 1


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the degree with the heads."""
    model = facts.model(experiment) if applies(experiment) else None
    heads = model.num_key_value_heads if model else None
    if heads and experiment.parallelism.tensor > heads:
        message = f"{experiment.parallelism.tensor} ranks share a layer that has {heads} key-value heads"
        yield Problem("parallelism.tensor", message)
