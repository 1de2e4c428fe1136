"""A spec to start from: its values, and every other key of the language as a comment, each with what it means.

`# text` explains, `#key: value` is a key that may be given. Everything is read from the schemas.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from llmc.compiler.language.scalars import AmbiguousScalar, read_scalar
from llmc.compiler.language.schema import Schema
from llmc.compiler.language.source import Node

_WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z0-9_./][\w./@+-]*")


def starter(tree: Node, schema: Schema) -> str:
    """Give the text of a completed spec. What its author wrote is written, what was left out becomes a comment."""
    return "\n".join(_keys(tree.value, schema, "")).lstrip("\n") + "\n"


def _keys(value: Any, schema: Schema, indent: str) -> Iterator[str]:
    for name, child in _described(value, schema):
        node = value.get(name)
        if not indent:
            yield ""
        yield from _comment(child, indent)
        if node is not None and _was_written(node):
            yield from _written(name, node, child, indent)
        elif (example := _example(child)) is not None:
            yield f"{indent}#{name}: {_flow(example)}"


def _described(value: Mapping[str, Node], schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Every key with its schema: those that the schema names, then the user's own."""
    if schema.discriminator:
        chosen = schema.variants[str(value[schema.discriminator].value)]
        # The key that chooses is told by the union, which knows what else there is to choose.
        yield from (chosen.properties | {schema.discriminator: schema.properties[schema.discriminator]}).items()
        return
    yield from schema.properties.items()
    if schema.other_keys:
        yield from ((name, schema.other_keys) for name in value if name not in schema.properties)


def _was_written(node: Node) -> bool:
    if isinstance(node.value, dict):
        return node.origin == "spec" or any(_was_written(child) for child in node.value.values())
    return node.origin == "spec"


def _comment(schema: Schema, indent: str) -> Iterator[str]:
    text = str(schema.data.get("description", ""))
    choices = schema.data.get("enum", ())
    if len(choices) > 1:
        text += f" One of {', '.join(str(choice) for choice in choices)}."
    mark = f"{indent}# "
    yield from textwrap.wrap(text, _WIDTH, initial_indent=mark, subsequent_indent=mark, break_on_hyphens=False)


def _written(name: str, node: Node, schema: Schema, indent: str) -> Iterator[str]:
    inside = isinstance(node.value, dict) and any(_was_written(child) for child in node.value.values())
    if inside and (schema.properties or schema.variants or schema.other_keys):
        yield f"{indent}{name}:"
        yield from _keys(node.value, schema, indent + "  ")
    elif isinstance(node.value, list) and any(isinstance(item.value, dict) for item in node.value):
        yield f"{indent}{name}:"
        yield from (f"{indent}  - {_flow(item)}" for item in node.value)
    else:
        yield f"{indent}{name}: {_flow(node)}"


def _example(schema: Schema) -> Any:
    """What to show of a key that was left out: its default where that says something, else an example."""
    default = schema.data.get("default")
    if default not in (None, {}, []):
        return default
    if schema.data.get("examples"):
        return schema.data["examples"][0]
    if schema.variants:
        kind, variant = next(iter(schema.variants.items()))
        return {schema.discriminator: kind} | _required(variant)
    return _required(schema) or {name: _example(child) for name, child in schema.properties.items()}


def _required(schema: Schema) -> dict[str, Any]:
    return {name: _example(schema.properties[name]) for name in schema.data.get("required", ())}


def _flow(value: Any) -> str:
    """Write a value on one line."""
    if isinstance(value, Node):
        if value.text and isinstance(value.value, (int, float)):
            return value.text  # a number as it was typed
        # Its variables were replaced, so that whatever looks like one now is none.
        value = value.value.replace("${", "$${") if isinstance(value.value, str) else value.value
    if isinstance(value, dict):
        inside = ((name, child) for name, child in value.items() if not isinstance(child, Node) or _was_written(child))
        return "{" + ", ".join(f"{_flow(name)}: {_flow(child)}" for name, child in inside) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, str):
        return value if _is_plain(value) else json.dumps(value, ensure_ascii=False)
    return _number(value) if isinstance(value, float) else json.dumps(value)


def _number(value: float) -> str:
    """Write a number as people do: 1e-5 and 1e9, not 1e-05 and 1000000000.0."""
    short = re.sub(r"e\+?(-?)0*", r"e\1", f"{value:g}")
    return short if "e" in short and float(short) == value else json.dumps(value)


def _is_plain(text: str) -> bool:
    """Whether a text can stand without quotes and still be that text."""
    try:
        return bool(_PLAIN.fullmatch(text)) and read_scalar(text) == text
    except AmbiguousScalar:
        return False
