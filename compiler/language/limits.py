"""What a schema allows a scalar of the right type to be, and how to say that it is something else."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable
from typing import Any


def outside(value: Any, rule: Any) -> tuple[str, str | None] | None:
    """What is wrong with a scalar of the right type, as (message, help)."""
    if "const" in rule and value != rule["const"]:
        return f"must be {show(rule['const'])}, not {show(value)}", None
    if "enum" in rule and value not in rule["enum"]:
        return _not_in(value, rule["enum"])
    if isinstance(value, str):
        return _text(value, rule)
    return _number(value, rule) if isinstance(value, (int, float)) else None


def _not_in(value: Any, allowed: list[Any]) -> tuple[str, str | None]:
    choices = ", ".join(show(choice) for choice in allowed)
    close = difflib.get_close_matches(str(value), [str(choice) for choice in allowed], n=1, cutoff=0.6)
    return f"must be one of {choices}, not {show(value)}", f"did you mean '{close[0]}'?" if close else None


def _text(value: str, rule: Any) -> tuple[str, str | None] | None:
    if len(value) < rule.get("minLength", 0):
        return "must not be empty", None
    if len(value) > rule.get("maxLength", len(value)):
        return f"has {len(value):,} characters, at most {rule['maxLength']:,} are allowed", None
    if "pattern" in rule and not re.search(rule["pattern"], value):
        return f"cannot be {show(value)}", rule.get("description")
    return None


def _number(value: int | float, rule: Any) -> tuple[str, str | None] | None:
    bounds: tuple[tuple[str, str, Callable[[float], bool]], ...] = (
        ("minimum", "at least", lambda limit: value >= limit),
        ("maximum", "at most", lambda limit: value <= limit),
        ("exclusiveMinimum", "more than", lambda limit: value > limit),
        ("exclusiveMaximum", "less than", lambda limit: value < limit),
    )
    for keyword, words, holds in bounds:
        if keyword in rule and not holds(rule[keyword]):
            return f"must be {words} {show(rule[keyword])}, not {show(value)}", None
    return None


def show(value: Any) -> str:
    """Show a value as one would type it; what is not plain data only by its brackets."""
    if isinstance(value, (dict, list)) and not _is_data(value):
        return "{...}" if isinstance(value, dict) else "[...]"
    return json.dumps(value, ensure_ascii=False)


def _is_data(value: Any) -> bool:
    items = value.values() if isinstance(value, dict) else value
    return all(item is None or isinstance(item, (bool, int, float, str, dict, list)) for item in items)
