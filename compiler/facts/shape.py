"""Whether plain data has the shape that one of our schemas gives it: for files that we write ourselves.

Specs are walked by `language/validate.py`, which knows lines, defaults and what the user may have meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmc.compiler.language.limits import outside
from llmc.compiler.language.schema import Schema

_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float),
    "boolean": (bool,), "null": (type(None),),
}  # fmt: skip


class Misfit(Exception):
    """The first place that does not fit; `path` leads there."""

    def __init__(self, path: tuple[str | int, ...], problem: str) -> None:
        self.path = path
        super().__init__(problem)


def fit(value: Any, schema: Schema, path: tuple[str | int, ...] = ()) -> None:
    """Raise Misfit unless a value fits a schema."""
    if schema.types and not any(_is(value, kind) for kind in schema.types):
        raise Misfit(path, f"{_name(path)} must be {' or '.join(schema.types)}")
    if isinstance(value, dict):
        for name, child, inner in _inside(value, schema, path):
            fit(child, inner, (*path, name))
    elif isinstance(value, list):
        for place, item in enumerate(value if schema.items else ()):
            fit(item, schema.items or schema, (*path, place))
    elif value is not None and (problem := outside(value, schema.data)):
        raise Misfit(path, f"{_name(path)} {problem[0]}")


def _inside(value: dict[str, Any], schema: Schema, path: tuple[str | int, ...]) -> Iterator[tuple[str, Any, Schema]]:
    for name in schema.data.get("required", ()):
        if name not in value:
            raise Misfit(path, f"{_name(path)} lacks '{name}'")
    for name, child in value.items():
        inner = schema.properties.get(name) or schema.other_keys
        if inner is not None:
            yield name, child, inner
        elif not schema.is_open:
            raise Misfit((*path, name), f"this version of llmc knows no '{name}' there")


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _KINDS[kind])


def _name(path: tuple[str | int, ...]) -> str:
    return str(path[-1]) if path else "the file"
