"""The public JSON Schema library over our schema files, as an oracle for the tests."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema
from referencing import Registry, Resource

from llmc import schemas


@cache
def validator(name: str) -> jsonschema.Draft7Validator:
    """Give a validator for one of the schema files, or for a part of one by `file#/pointer`.

    References between files are followed.
    """
    return jsonschema.Draft7Validator({"$ref": f"file:///{name}"}, registry=_registry())


@cache
def _registry() -> Registry[Any]:
    registry: Registry[Any] = Registry()
    for path in schemas.FOLDER.rglob("*.json"):
        content = json.loads(path.read_text())
        if isinstance(content, dict) and "$schema" in content:
            jsonschema.Draft7Validator.check_schema(content)
            uri = "file:///" + path.relative_to(schemas.FOLDER).as_posix()
            registry = registry.with_resource(uri, Resource.from_contents(content))
    return registry.crawl()
