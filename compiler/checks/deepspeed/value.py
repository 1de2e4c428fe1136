"""A value in deepspeed.config must be of its key's type and in its range.

Why: DeepSpeed looks at few values before it needs them: text for a number stops the job at its first step, or later.
Fix: write the value that the message asks for; numbers without quotes, switches as true or false.
Source: deepspeed 0.19.8, its pydantic models and measurements; types and ranges are in schemas/deepspeed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from llmc.compiler.analysis.deepspeed_values import ROOT, config_keys
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.deepspeed_keys import Row
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.limits import outside, show

CODE, SEVERITY = "LLM240", "error"

_IS: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and value % 1 == 0,
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_WORDS = {
    "null": "null", "boolean": "true or false", "integer": "a whole number", "number": "a number",
    "string": "text", "array": "a list", "object": "a mapping of keys",
}  # fmt: skip


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Hold every value to the row of its key; "auto" and keys that may not be set are other checks'."""
    for key, value in config_keys(experiment):
        row = facts.deepspeed_keys.row(key)
        if "type" not in row or "unused" in row or value == "auto":
            continue
        if fault := misfit(value, row):
            yield Problem(f"{ROOT}.{key}", f"{key} {fault}", why=row.get("note"))


def misfit(value: Any, row: Row) -> str | None:
    """Say how a value does not fit a row of the table; None where it does."""
    types = [row["type"]] if isinstance(row["type"], str) else row["type"]
    if not any(_IS[kind](value) for kind in types):
        return f"must be {' or '.join(_WORDS[kind] for kind in types)}, not {show(value)}"
    if isinstance(value, list) and "items" in row:
        faults = ((place, misfit(item, row["items"])) for place, item in enumerate(value))
        return next((f"[{place}] {fault}" for place, fault in faults if fault), None)
    problem = outside(_lowered(value, row), row | _lowered_choices(row))
    return problem[0] if problem else None


def _lowered(value: Any, row: Row) -> Any:
    return value.lower() if row.get("any_case") and isinstance(value, str) else value


def _lowered_choices(row: Row) -> Row:
    return {"enum": [_lowered(choice, row) for choice in row["enum"]]} if "enum" in row else {}
