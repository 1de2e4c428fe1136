"""The JSON Schemas of `schemas/` as the compiler walks them.

They keep to a subset that draft-07 and 2020-12 read alike, so one file serves editors and the compiler. A union is a
mapping whose discriminator (`kind`, `task`, `engine`) picks one closed schema, written as `allOf: [{if, then}]`; never
`oneOf`, whose errors speak of the wrong variant.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from llmc import schemas

ROOT = "experiment.schema.json"


@dataclass(frozen=True)
class Schema:
    """One schema with its references followed; `file` is where it stands, which its own references are relative to.

    Schemas come from `root` or `of` and keep what they worked out: a sweep walks the same ones thousands of times.
    """

    file: str
    data: Mapping[str, Any]

    @classmethod
    def root(cls) -> Schema:
        """The schema of a whole experiment."""
        return cls.of(ROOT)

    @classmethod
    def of(cls, file: str) -> Schema:
        """The schema in a file, by its path in `schemas/`."""
        return _read(file)

    def at(self, data: Mapping[str, Any]) -> Schema:
        """Give the schema that `data`, a part of this file, stands for."""
        if "$ref" not in data:
            return Schema(self.file, data)
        name, _, pointer = data["$ref"].partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(self.file), name)) if name else self.file
        found = schemas.load(file)
        for step in pointer.split("/")[1:]:
            found = found[step]
        return Schema(file, found).at(found)

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The JSON types it allows; empty where it does not say."""
        wanted = self.data.get("type", ())
        return (wanted,) if isinstance(wanted, str) else tuple(wanted)

    @cached_property
    def properties(self) -> dict[str, Schema]:
        """The keys it names, in the order in which it names them."""
        return {name: self.at(data) for name, data in self.data.get("properties", {}).items()}

    @cached_property
    def other_keys(self) -> Schema | None:
        """What a key that it does not name must be; None where there may be none."""
        extra = self.data.get("additionalProperties", False)
        return self.at(extra) if isinstance(extra, dict) else None

    @property
    def is_open(self) -> bool:
        """Whether anything may stand in it; a later pass knows what."""
        return self.data.get("additionalProperties") is True

    @cached_property
    def items(self) -> Schema | None:
        """What each item of a list must be."""
        return self.at(self.data["items"]) if "items" in self.data else None

    @property
    def has_default(self) -> bool:
        """Whether the key may be left out, because what it then means is written here."""
        return "default" in self.data

    @cached_property
    def discriminator(self) -> str | None:
        """The key that picks one of the variants; None where this is no union."""
        for branch in self.data.get("allOf", ()):
            return str(next(iter(branch["if"]["properties"])))
        return None

    @cached_property
    def variants(self) -> dict[str, Schema]:
        """The closed schemas of a union by the discriminator's value."""
        key = self.discriminator
        return {
            branch["if"]["properties"][key]["const"]: self.at(branch["then"]) for branch in self.data.get("allOf", ())
        }

    def paths(self, prefix: str = "") -> Iterator[tuple[str, str]]:
        """Every key that exists anywhere below, as (dotted path of its mapping, key); for suggestions only."""
        for variant in self.variants.values():
            yield from variant.paths(prefix)
        for name, child in self.properties.items():
            yield prefix, name
            yield from child.paths(f"{prefix}.{name}" if prefix else name)


@cache
def _read(file: str) -> Schema:
    return Schema(file, schemas.load(file))
