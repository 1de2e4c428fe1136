"""container.requirements must not change a library of the stack.

Why: the bundle is written for the stack's versions, and what was tested together would not run together.
Fix: remove the line, or take a stack that has the version: `llmc catalog stacks`.
Source: schemas/catalog/stacks.json; DJ129 for what another version pulls in.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.requirements import pins
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM472", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare every version with the stack's own."""
    for path, package, version in pins(experiment):
        ours = facts.stack.versions.get(package)
        optional = facts.stack.optional.get(package)
        ours = ours or (optional.version if optional else None)
        if ours and version != ours:
            yield Problem(path, f"{package} {version}; the stack {facts.stack.name} has {ours}")
