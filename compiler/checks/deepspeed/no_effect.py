"""A key of deepspeed.config should have an effect with the ZeRO stage, the dtype and the switches of the spec.

Why: whoever reads the spec believes that it holds, and nothing reads it.
Fix: remove the key, or set what it needs.
Source: deepspeed 0.19.8, what its engine gives its optimizers, runtime/engine.py:2659; by key in schemas/deepspeed.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import ROOT, config_keys, idle, named_keys
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM243", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare what each key needs with what the spec has."""
    for key, _ in config_keys(experiment):
        if reason := idle(experiment, facts, key):
            yield Problem(f"{ROOT}.{key}", f"{key} has no effect: {reason}", of_key=True)
    for name, keys in named_keys(experiment):
        reasons = [idle(experiment, facts, key) for key in keys]
        if all(reasons):
            yield Problem(name, f"{name} has no effect: {reasons[0]}", of_key=True)
