"""How a difference is told: to people at a terminal, in a pull request, and to programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from llmc.compiler.bundle.render import render
from llmc.compiler.diff.changes import INPUTS, Change, Comparison, Fact, classes
from llmc.compiler.diff.meaning import Value
from llmc.compiler.language.secrets import hidden

_NO_ARTEFACTS = "One side has errors, so the artefacts were not compared."
_LONGEST = 200
# Of a digest, as many characters as tell two apart at a glance.
_DIGEST = len("sha256:") + 12


def text(comparisons: list[Comparison]) -> str:
    """Give the page for a terminal."""
    return "\n".join("\n".join(_lines(one)) + "\n" for one in comparisons)


def _lines(one: Comparison) -> Iterator[str]:
    yield f"{_title(one)}: {_verdict(one)}"
    for kind, changes in groupby(one.changes, key=lambda change: change.kind):
        yield f"{kind}: {classes()[kind]}"
        for change in changes:
            where = next((row.origin for row in (change.new, change.old) if row and row.origin), "")
            yield f"  {_key(change)}: {_shown(change.old)} -> {_shown(change.new)}{f'  ({where})' if where else ''}"
            yield from (f"    also {hidden(copy)}" for copy in change.copies)
    if one.facts:
        yield "what follows:"
        yield from (f"  {fact.what}: {fact.old:,} -> {fact.new:,}" for fact in one.facts)
    if not one.whole:
        yield _NO_ARTEFACTS


def markdown(comparisons: list[Comparison]) -> str:
    """Give the page for a pull request. Whatever comes from a spec stands in code spans, where it can do nothing."""
    return render("diff.md", experiments=[_page(one) for one in comparisons])


def _page(one: Comparison) -> dict[str, Any]:
    groups = [
        {"kind": kind, "meaning": classes()[kind], "changes": [_row(change) for change in changes]}
        for kind, changes in groupby(one.changes, key=lambda change: change.kind)
    ]
    facts = [{"what": fact.what, "old": f"{fact.old:,}", "new": f"{fact.new:,}"} for fact in one.facts]
    title = f"{_title(one)}: {_verdict(one)}"
    return {"title": title, "groups": groups, "facts": facts, "note": None if one.whole else _NO_ARTEFACTS}


def _row(change: Change) -> dict[str, str]:
    return {"key": _key(change), "old": _shown(change.old), "new": _shown(change.new)}


def document(comparisons: list[Comparison]) -> list[dict[str, Any]]:
    """Give the same as data, as `schemas/diff.schema.json` describes it."""
    return [
        {
            "old": one.old,
            "new": one.new,
            "artefacts_compared": one.whole,
            "changes": [_one(change) for change in one.changes],
            "facts": [_fact(fact) for fact in one.facts],
        }
        for one in comparisons
    ]


def _one(change: Change) -> dict[str, Any]:
    sides = {name: _side(row) for name, row in (("old", change.old), ("new", change.new))}
    return {"class": change.kind, "file": change.file, "key": change.key, **sides, "copies": change.copies}


def _side(row: Value | None) -> dict[str, Any] | None:
    return {"value": json.loads(hidden(json.dumps(row.value))), "origin": row.origin} if row else None


def _fact(fact: Fact) -> dict[str, Any]:
    return {"what": fact.what, "old": fact.old, "new": fact.new}


def _title(one: Comparison) -> str:
    names = dict.fromkeys(name for name in (one.old, one.new) if name is not None)
    return " -> ".join(names)


def _verdict(one: Comparison) -> str:
    if one.old is None or one.new is None:
        return "new" if one.old is None else "gone"
    if not one.changes:
        return "no difference"
    count = len(one.changes)
    return f"{count} change{'' if count == 1 else 's'}, of {', '.join(dict.fromkeys(c.kind for c in one.changes))}"


def _key(change: Change) -> str:
    if change.file == INPUTS:
        return f"content of {change.key}"
    return hidden(f"{change.file}: {change.key}".removesuffix(": ") if change.file else change.key)


def _shown(row: Value | None) -> str:
    """A value as one types it, not too long; what is not there as a dash."""
    if row is None:
        return "-"
    if isinstance(row.value, str) and row.value.startswith("sha256:"):
        return row.value[:_DIGEST]
    shown = hidden(json.dumps(row.value, ensure_ascii=False))
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
