"""A key of deepspeed.config must be spelt as DeepSpeed documents it today.

Why: an internal or older spelling beside the key that llmc writes is either dropped in silence or an error.
Fix: write the key that the message names.
Source: deepspeed 0.19.8, runtime/config_utils.py:62-104 and the aliases of runtime/zero/config.py, measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import ROOT, set_keys
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM257", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare each key with the name that the table has for it."""
    for key, _ in set_keys(experiment):
        row = facts.deepspeed_keys.row(key)
        name = key.rpartition(".")[2]
        meant = row.get("deprecated") or (row["path"].rpartition(".")[2] if row.get("internal") == name else None)
        if meant:
            message = f"DeepSpeed {facts.deepspeed_keys.version} spells '{name}' otherwise"
            yield Problem(f"{ROOT}.{key}", message, help=f"write {meant}", of_key=True)
