"""The spec asks for something that this version can check but not run.

Why: a bundle of it would fail when it starts, or silently leave the setting out.
Fix: use what works now, or wait for the version that can.
Source: schemas/catalog/runtime.json lists what is missing; whoever adds the thing removes its row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from llmc import schemas
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment, plain
from llmc.compiler.language.limits import show
from llmc.compiler.language.source import Node

CODE, SEVERITY = "LLM406", "error"

Rule = dict[str, Any]
_TYPES = {"list": list, "mapping": dict}


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Hold every rule against the values that are there."""
    for steps, rule in rules():
        for path, node in _at(experiment.tree, steps, ""):
            if _refused(node, rule):
                shown = show(plain(node)) if not isinstance(node.value, (dict, list)) else "this"
                yield Problem(
                    path, f"{path}: {shown} cannot be run yet by this version", help=f"what works: {rule['now']}"
                )


@cache
def rules() -> tuple[tuple[tuple[str, ...], Rule], ...]:
    """The rules with the steps of their paths."""
    return tuple((tuple(rule["path"].split(".")), rule) for rule in schemas.load("catalog/runtime.json")["refused"])


def _at(node: Node, steps: tuple[str, ...], path: str) -> Iterator[tuple[str, Node]]:
    """Every node at a path; `*` stands for any key. Nothing where the path leads nowhere, or to a default."""
    if node.origin == "default":
        return
    if not steps:
        yield path, node
    elif isinstance(node.value, dict):
        names = list(node.value) if steps[0] == "*" else [steps[0]]
        for name in names:
            if name in node.value:
                yield from _at(node.value[name], steps[1:], f"{path}.{name}" if path else name)


def _refused(node: Node, rule: Rule) -> bool:
    if "unless" in rule:
        return plain(node) not in rule["unless"]
    if "unless_type" in rule:
        return node.value is not None and not isinstance(node.value, _TYPES[rule["unless_type"]])
    return isinstance(node.value, str) and bool(re.search(rule["matching"], node.value))
