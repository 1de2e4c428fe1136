"""llmc schema: the language as one JSON Schema, for editors.

Where the language wants a number, a boolean or one of several words, an editor must take `${variable}` as well: the
compiler sees its value in that place, the editor does not.
"""

from __future__ import annotations

import json
from typing import Any

import click

from llmc.compiler.language.schema import ROOT, Schema

EXAMPLES = {
    "llmc schema": "one JSON Schema, for editors",
}
_VARIABLE = {"type": "string", "pattern": r"\$\{\w+\}"}


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of specs, in one piece.

    For an editor: `llmc schema > llmc.schema.json`, and `# yaml-language-server: $schema=llmc.schema.json` in the spec.
    """
    click.echo(json.dumps(one_file(), indent=2, ensure_ascii=False))


def one_file() -> dict[str, Any]:
    """Give the root schema with every other file of the language among its `definitions`."""
    definitions: dict[str, Any] = {}
    root = _pointed(Schema.root(), definitions)
    return {**root, "definitions": dict(sorted(definitions.items()))}


def _pointed(schema: Schema, definitions: dict[str, Any]) -> Any:
    """Copy a schema with its references pointing into `definitions`, filling those on the way."""
    return _copy(schema.data, schema.file, definitions)


def _copy(value: Any, file: str, definitions: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_copy(item, file, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return {"$ref": _reference(Schema(file, {}), value, definitions)}
    kept = {name: child for name, child in value.items() if name != "$schema" or file == ROOT}
    copied = {name: _copy(child, file, definitions) for name, child in kept.items()}
    return _or_variable(copied) if _is_narrow(value) else copied


def _is_narrow(value: dict[str, Any]) -> bool:
    """Whether a schema is that of one value which `${variable}` does not fit, and picks no variant of a union."""
    types = value.get("type", "object")
    kinds = {types} if isinstance(types, str) else set(types)
    limited = "string" not in kinds or bool({"enum", "pattern"} & set(value))
    return limited and not kinds & {"object", "array"} and "const" not in value


def _or_variable(value: dict[str, Any]) -> dict[str, Any]:
    about: dict[str, Any] = {name: value.pop(name) for name in ("description", "examples", "default") if name in value}
    return {**about, "anyOf": [value, _VARIABLE]}


def _reference(owner: Schema, reference: Any, definitions: dict[str, Any]) -> str:
    target = owner.at(reference)
    pointer = reference["$ref"].partition("#")[2]
    name = (target.file.removesuffix(".json") + pointer).replace("/", "-").replace("-properties-", "-")
    if name not in definitions:
        definitions[name] = None  # claims the name, should a schema ever refer to itself
        definitions[name] = _pointed(target, definitions)
    return f"#/definitions/{name}"
