"""Some packages cannot be installed beside the stack.

Why: they fix other versions of its libraries; the image would not build, or would run what nobody tested.
Fix: leave the package out of this image.
Source: DJ129; schemas/catalog/stacks.json, conflicts: what the packages on PyPI say they need.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.requirements import pins
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM473", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look every package up."""
    for path, package, version in pins(experiment):
        for conflict in facts.stack.conflicts:
            if conflict.package == package:
                needs = " and ".join(conflict.needs)
                yield Problem(path, f"{package} {version} beside a stack that is not {needs}", why=conflict.why)
