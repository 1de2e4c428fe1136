"""Some parts of DeepSpeed run on GPUs alone.

Why: on a target without one the job stops while DeepSpeed builds its optimizer or its operators.
Fix: remove the key for this target's bundle, or the target.
Source: deepspeed 0.19.8, measured on CPU; what each key needs is in schemas/deepspeed.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given, idle
from llmc.compiler.analysis.topology import accelerator_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM258", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at every target for each such key."""
    for row in facts.deepspeed_keys.with_field("gpu_only"):
        setting = given(experiment, row["path"])
        if setting is None or setting.value in (None, row["default"]) or idle(experiment, facts, row["path"]):
            continue
        for name, target in experiment.targets.items():
            if accelerator_of(target, facts) == "cpu":
                message = f"{row['path']} on the CPU of target '{name}'"
                yield Problem(setting.path, message, why=row["gpu_only"], related=(f"targets.{name}",))
