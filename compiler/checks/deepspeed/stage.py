"""What only higher ZeRO stages can do must not be asked of a lower one.

Why: DeepSpeed mostly ignores it in silence, and the job runs out of the memory that was to be saved.
Fix: raise deepspeed.zero_stage, or remove the key.
Source: deepspeed 0.19.8, runtime/zero/config.py:99 and measurements; what happens else is in schemas/deepspeed by key.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given, stage_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.limits import show

CODE, SEVERITY = "LLM244", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at each key that has values for some stages only."""
    stage = stage_of(experiment)
    for row in facts.deepspeed_keys.with_field("needs_stage"):
        setting = given(experiment, row["path"])
        if setting is None:
            continue
        for need in row["needs_stage"]:
            meant = setting.value in need["values"] if "values" in need else setting.value != row["default"]
            if meant and stage not in need["stages"]:
                message = f"{setting.path} {show(setting.value)} needs ZeRO {_either(need['stages'])}, not {stage}"
                yield Problem(setting.path, message, why=need["else"], related=("deepspeed.zero_stage",))


def _either(stages: list[int]) -> str:
    return " or ".join(str(stage) for stage in stages)
