"""data.*.columns names the columns that the format has.

Why: a name that the format does not read would be a column that is silently not used.
Fix: use the format's own names on the left, and your data's on the right.
Source: schemas/data: what a row of each format looks like.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM286", "error"

_COLUMNS = {
    "text": ("text",),
    "tokens": ("input_ids",),
    "messages": ("messages",),
    "prompt_completion": ("prompt", "completion"),
    "preference": ("prompt", "chosen", "rejected"),
}


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the names with the format's."""
    for key, split in experiment.data.splits():
        for name in split.columns or ():
            if name not in _COLUMNS[split.format]:
                known = ", ".join(_COLUMNS[split.format])
                message = f"rows of the format {split.format} have no '{name}'"
                yield Problem(f"{key}.columns.{name}", message, help=f"they have {known}", of_key=True)
