"""A key of deepspeed.config should have an effect with the ZeRO stage, the dtype and the switches of the spec.

Why: whoever reads the spec believes that it holds, and nothing reads it.
Fix: remove the key, or set what it needs.
Source: deepspeed 0.19.8, what its engine gives its optimizers, runtime/engine.py:2659; by key in schemas/deepspeed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmc.compiler.analysis.deepspeed_values import ROOT, config_keys, name_of, named_keys, stage_of, value_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.limits import show

CODE, SEVERITY = "LLM243", "warning"

_OURS = {"zero_stage": "deepspeed.zero_stage", "dtype": "model.dtype"}


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare what each key needs with what the spec has."""
    for key, _ in config_keys(experiment):
        if reason := _idle(experiment, facts, key):
            yield Problem(f"{ROOT}.{key}", f"{key} has no effect: {reason}", of_key=True)
    for name, keys in named_keys(experiment):
        reasons = [_idle(experiment, facts, key) for key in keys]
        if all(reasons):
            yield Problem(name, f"{name} has no effect: {reasons[0]}", of_key=True)


def _idle(experiment: Experiment, facts: Facts, key: str) -> str | None:
    """What a key needs and the spec does not have; None where it has an effect."""
    for needed, wanted in facts.deepspeed_keys.row(key).get("when", {}).items():
        actual = _actual(experiment, facts, needed)
        if actual not in wanted:
            choice = " or ".join(show(value) for value in wanted)
            return f"it needs {_OURS.get(needed) or name_of(needed)} {choice}, which is {show(actual)}"
    return None


def _actual(experiment: Experiment, facts: Facts, needed: str) -> Any:
    if needed == "zero_stage":
        return stage_of(experiment)
    return experiment.model.dtype if needed == "dtype" else value_of(experiment, facts, needed)
