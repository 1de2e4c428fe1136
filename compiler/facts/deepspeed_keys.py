"""The keys that a version of DeepSpeed's configuration has, and what may stand at each.

DeepSpeed ignores an unknown key at the top level and in most sections, and looks at few values before it needs them.
The table was read from its sources and is data: JSON Schema for each key, with what was seen of it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from llmc import schemas

Row = dict[str, Any]


class DeepSpeedKeys:
    """One version's table. Keys are dotted paths; another spelling that DeepSpeed reads counts as a key."""

    def __init__(self, version: str, rows: list[Row]) -> None:
        self.version = version
        self.rows: dict[str, Row] = {}
        self._by_field: dict[str, tuple[Row, ...]] = {}
        for row in rows:
            folder, _, name = row["path"].rpartition(".")
            names = {name, row.get("internal", name)}
            self.rows |= {f"{folder}.{spelling}" if folder else spelling: row for spelling in names}

    def row(self, key: str) -> Row:
        """What the table says of a key; nothing of one that it does not list."""
        return self.rows.get(key, {})

    def with_field(self, field: str) -> tuple[Row, ...]:
        """The rows that say something under `field`."""
        if field not in self._by_field:
            self._by_field[field] = tuple(row for key, row in self.rows.items() if field in row and key == row["path"])
        return self._by_field[field]

    def knows(self, key: str) -> bool:
        """Whether a key exists in this version. Below a section that the table leaves open, any does."""
        return key in self.rows or self._is_open(key.rpartition(".")[0])

    def removed(self, key: str) -> str | None:
        """What the release notes say of a key that this version no longer has; None for any other."""
        row = self.row(key)
        return str(row.get("note", "it was removed")) if row.get("removed") else None

    def default(self, key: str) -> Any:
        """What DeepSpeed takes where a key is left out; None where that follows from something else."""
        return self.row(key).get("default")

    def below(self, section: str) -> list[str]:
        """The names of the keys right below a section; the top level is the empty one."""
        prefix = f"{section}." if section else ""
        inside = (key.removeprefix(prefix) for key in self.rows if key.startswith(prefix))
        return sorted({key.split(".")[0] for key in inside})

    def _is_open(self, section: str) -> bool:
        """Whether the table leaves a section open, or one that it stands in."""
        return bool(section) and (self.row(section).get("open", False) or self._is_open(section.rpartition(".")[0]))


@cache
def keys_of(version: str) -> DeepSpeedKeys:
    """Give the table of a version that a stack names."""
    return DeepSpeedKeys(version, schemas.load(f"deepspeed/{version}/keys.json")["keys"])
