"""JSON Schema's types, and how a value of one can stand for another."""

from __future__ import annotations

from typing import Any

from llmc.compiler.language.scalars import AmbiguousScalar, read_scalar

WORDS = {
    "object": "a mapping of keys", "array": "a list", "string": "text", "integer": "a whole number",
    "number": "a number", "boolean": "true or false", "null": "null",
}  # fmt: skip


def type_of(value: Any) -> str:
    """Name the JSON type of a value read from YAML."""
    if value is None:
        return "null"
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (dict, "object"), (list, "array"))
    return next(word for kind, word in kinds if isinstance(value, kind))


def fits(actual: str, value: Any, wanted: tuple[str, ...]) -> bool:
    """JSON Schema's rule: every integer is a number, and a float without a fraction (5e8) is an integer."""
    if actual in wanted:
        return True
    if actual == "integer":
        return "number" in wanted
    return actual == "number" and "integer" in wanted and float(value).is_integer()


def as_number(value: int | float, wanted: tuple[str, ...]) -> int | float:
    """Give a number as the schema's kind of number, so that 5e8 and 500000000 are one."""
    if "integer" in wanted:
        return int(value)
    return float(value) if "number" in wanted else value


def looks_like(text: str, wanted: tuple[str, ...]) -> bool:
    """Whether a text would be of a wanted type without its quotes."""
    try:
        value = read_scalar(text)
    except AmbiguousScalar:
        return False
    return not isinstance(value, (str, type(None))) and fits(type_of(value), value, wanted)
