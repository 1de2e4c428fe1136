"""The lock must be about the data and the tokenizer that are here.

Why: its counts of rows and tokens belong to other files, so what follows from them would be wrong.
Fix: run `llmc lock` again and commit the lock with the data. Until then its facts about them count as not known.
Source: the digests in the lock, of the files as `llmc lock` read them.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM233", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare digests, where the files belong to the project. Those of another machine are not here to compare."""
    for key in facts.stale(experiment):
        yield Problem(key, "this has changed since the lock was written")
