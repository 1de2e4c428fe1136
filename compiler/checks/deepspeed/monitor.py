"""A monitor of DeepSpeed needs its package in the stack.

Why: DeepSpeed imports it when the job starts and stops with ModuleNotFoundError, after the model is loaded.
Fix: remove the section; runs/<name>/metrics.jsonl has the same numbers, and csv_monitor needs no package.
Source: deepspeed 0.19.8, deepspeed/monitor, measured with tensorboard and wandb.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM253", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look each monitor's package up in the stack."""
    for row in facts.deepspeed_keys.with_field("package"):
        enabled = given(experiment, f"{row['path']}.enabled")
        if enabled and enabled.value is True and row["package"] not in facts.stack.versions:
            yield Problem(enabled.path, f"{row['path']} needs {row['package']}, which stack {facts.stack.name} has not")
