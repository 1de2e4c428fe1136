"""The keys that a version of DeepSpeed's configuration has.

DeepSpeed ignores an unknown key at the top level and in most sections, so a typo there is a setting that silently does
not hold. The table was read from its sources and is data, with what was seen of each key.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from llmc import schemas


class DeepSpeedKeys:
    """One version's table. Keys are dotted paths; an alias counts as a key."""

    def __init__(self, version: str, rows: list[dict[str, Any]]) -> None:
        self.version = version
        self.rows: dict[str, dict[str, Any]] = {}
        for row in rows:
            folder, _, name = row["path"].rpartition(".")
            names = {name, row.get("alias", name)}
            self.rows |= {f"{folder}.{spelling}" if folder else spelling: row for spelling in names}
        # An inner mapping is known by what stands in it.
        self._sections = {key.rpartition(".")[0] for key in self.rows}

    def knows(self, key: str) -> bool:
        """Whether a key, or a whole section, exists in this version. Where names are the user's own, any does."""
        folder = key.rpartition(".")[0]
        return key in self.rows or key in self._sections or f"{folder}.*" in self.rows or self._is_free(folder)

    def removed(self, key: str) -> str | None:
        """What the release notes say of a key that this version no longer has; None for any other."""
        row = self.rows.get(key, {})
        return str(row.get("note", "it was removed")) if row.get("removed") else None

    def below(self, section: str) -> list[str]:
        """The names of the keys right below a section; the top level is the empty one."""
        prefix = f"{section}." if section else ""
        inside = (key.removeprefix(prefix) for key in self.rows if key.startswith(prefix))
        return sorted({key.split(".")[0] for key in inside})

    def _is_free(self, section: str) -> bool:
        """Whether a section is a mapping whose inner keys the table does not list."""
        kind = self.rows.get(section, {}).get("type")
        return kind in ("dict", "Dict", "object", "kwargs") and section not in self._sections


@cache
def keys_of(version: str) -> DeepSpeedKeys:
    """Give the table of a version that a stack names."""
    return DeepSpeedKeys(version, schemas.load(f"deepspeed/{version}/keys.json")["keys"])
