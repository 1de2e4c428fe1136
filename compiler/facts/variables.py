"""Environment variables that a spec should not set: those with another owner, and those that no longer do good."""

from __future__ import annotations

from functools import cache
from typing import Any

from llmc import schemas


def owner_of(variable: str, kind: str) -> str | None:
    """Say who sets a variable on a kind of target; None where it is free.

    >>> owner_of("RANK", "local"), owner_of("SLURM_JOB_ID", "local"), owner_of("NCCL_DEBUG", "local")
    ('the launcher', None, None)
    """
    row = _row("owned", variable)
    return str(row["owner"]) if row and kind in row.get("kinds", [kind]) else None


def obsolete(variable: str) -> str | None:
    """Say why a variable should no longer be set; None where nothing speaks against it."""
    row = _row("obsolete", variable)
    return str(row["why"]) if row else None


def _row(table: str, variable: str) -> dict[str, Any] | None:
    names, beginnings = _table(table)
    if variable in names:
        return names[variable]
    return next((row for beginning, row in beginnings if variable.startswith(beginning)), None)


@cache
def _table(table: str) -> tuple[dict[str, dict[str, Any]], list[tuple[str, dict[str, Any]]]]:
    """The rows of whole names, and those of beginnings."""
    rows = schemas.load("catalog/variables.json")[table]
    names = {row["name"]: row for row in rows if not row["name"].endswith("*")}
    return names, [(row["name"][:-1], row) for row in rows if row["name"].endswith("*")]
