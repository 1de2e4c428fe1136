"""A key of deepspeed.config must be spelt as DeepSpeed documents it today.

Why: DeepSpeed refuses an internal spelling beside the documented one, and an older one goes with a next version.
Fix: write the key that the message names.
Source: deepspeed 0.19.8, runtime/config_utils.py:62-104 and the aliases of runtime/zero/config.py, measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import ROOT, config_keys, name_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM257", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare each key with the name that the table has for it."""
    for key, _ in config_keys(experiment):
        row = facts.deepspeed_keys.row(key)
        meant = row.get("deprecated") or row.get("path", key)
        if meant != key:
            message = f"DeepSpeed {facts.deepspeed_keys.version} spells '{key}' otherwise"
            yield Problem(f"{ROOT}.{key}", message, help=f"write {name_of(meant)}", of_key=True)
