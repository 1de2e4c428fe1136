"""A package cannot be required in two versions.

Why: pip finds no set of packages that has both, and the image does not build.
Fix: remove one of them.
Source: pip 23.2.1: "Cannot install ... because these package versions have conflicting dependencies"; PEP 503.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.requirements import pins
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM475", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the versions of packages whose names are the same to an index."""
    seen: dict[str, tuple[str, str]] = {}
    for path, package, version in pins(experiment):
        first, other = seen.setdefault(package, (path, version))
        if version != other:
            yield Problem(path, f"{package} {version}, and {other} above", related=(first,))
