"""deepspeed.config may only hold keys that the stack's DeepSpeed version has.

Why: DeepSpeed ignores unknown keys at its top level and in most sections, so the setting would silently not hold.
Fix: correct the spelling, or remove the key.
Source: deepspeed 0.19.8, measured: zero_optimisation and gradient_acumulation_steps are accepted and do nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.deepspeed_keys import DeepSpeedKeys
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.source import Node

CODE, SEVERITY = "LLM214", "error"

_ROOT = "deepspeed.config"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look every key up, level by level; below an unknown one nothing more is said."""
    if experiment.deepspeed and experiment.deepspeed.config:
        yield from _section(experiment.node(_ROOT), "", facts.deepspeed_keys)


def _section(node: Node, path: str, keys: DeepSpeedKeys) -> Iterator[Problem]:
    if not isinstance(node.value, dict):
        return
    for name, child in node.value.items():
        key = f"{path}.{name}" if path else name
        if note := keys.removed(key):
            yield Problem(f"{_ROOT}.{key}", f"DeepSpeed {keys.version} no longer has '{key}'", help=note, of_key=True)
        elif keys.knows(key) and "." not in name:
            yield from _section(child, key, keys)
        else:
            yield _unknown(name, path, key, keys)


def _unknown(name: str, path: str, key: str, keys: DeepSpeedKeys) -> Problem:
    if "." in name:
        hint = "nest the keys: what stands before a dot is a section"
        return Problem(f"{_ROOT}.{key}", f"'{name}' is no key", help=hint, of_key=True)
    close = difflib.get_close_matches(name, keys.below(path), n=1, cutoff=0.6)
    where = f" in {path}" if path else ""
    guess = f"did you mean '{close[0]}'?" if close else None
    return Problem(f"{_ROOT}.{key}", f"DeepSpeed {keys.version} has no key '{name}'{where}", help=guess, of_key=True)
