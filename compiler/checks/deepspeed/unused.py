"""deepspeed.config must not set what does nothing in a bundle, or works against it.

Why: such a setting would silently not hold, or break the batch equation, the checkpoints or the export of the run.
Fix: remove the key; where the language has another way, the message says so.
Source: deepspeed 0.19.8 and its callers in accelerate 1.15 and transformers 5.23; by key in schemas/deepspeed.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import ROOT, config_keys
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM241", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look every key up; the table says which have no use here, and why."""
    for key, _ in config_keys(experiment):
        if why := facts.deepspeed_keys.row(key).get("unused"):
            yield Problem(f"{ROOT}.{key}", f"'{key}' is of no use in a bundle", why=why, of_key=True)
