"""deepspeed.config must not say "auto".

Why: only transformers' Trainer replaces it, and not everywhere; in most sections DeepSpeed drops it for its default.
Fix: write the value, or remove the key to have llmc write one.
Source: deepspeed 0.19.8, deepspeed/runtime/config_utils.py:55: a key equal to "auto" is filtered out.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.source import Node

CODE, SEVERITY = "LLM216", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at every value."""
    if experiment.deepspeed and experiment.deepspeed.config:
        yield from _autos(experiment.node("deepspeed.config"), "deepspeed.config")


def _autos(node: Node, path: str) -> Iterator[Problem]:
    if isinstance(node.value, dict):
        for name, child in node.value.items():
            yield from _autos(child, f"{path}.{name}")
    elif node.value == "auto":
        yield Problem(path, f'{path} is "auto"')
