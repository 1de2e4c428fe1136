"""Diagnostics as SARIF 2.1.0, for code-scanning services.

Source: docs.oasis-open.org/sarif/sarif/v2.1.0. Columns count Unicode code points, as ours do, and the end is exclusive.
"""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from llmc.compiler import __version__
from llmc.compiler.language.diagnostics import Diagnostic, Report, Span

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def tell(report: Report, *, colour: bool = False) -> str:
    """Give one log with one run. `colour` is there for all tellers alike and does nothing here."""
    codes = sorted({d.code for d in report})
    driver = {"name": "llmc", "version": __version__, "rules": [{"id": code} for code in codes]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": [_result(d) for d in report]}
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _result(d: Diagnostic) -> dict[str, Any]:
    text = d.message + "".join(
        f" {name.capitalize()}: {part}." for name, part in (("why", d.why), ("help", d.help)) if part
    )
    result: dict[str, Any] = {
        "ruleId": d.code,
        "level": _LEVELS[d.severity],
        "message": {"text": text},
        "locations": [_location(d.span)],
    }
    if d.related:
        result["relatedLocations"] = [_location(r.span) | {"message": {"text": r.message}} for r in d.related]
    if d.fix is not None:
        result["fixes"] = [_fix(d.span, d.fix)]
    return result


def _location(span: Span) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": _artifact(span), "region": _region(span)}}


def _fix(span: Span, text: str) -> dict[str, Any]:
    replacement = {"deletedRegion": _region(span), "insertedContent": {"text": text}}
    return {"artifactChanges": [{"artifactLocation": _artifact(span), "replacements": [replacement]}]}


def _artifact(span: Span) -> dict[str, Any]:
    return {"uri": quote(PurePath(span.file).as_posix())}


def _region(span: Span) -> dict[str, Any]:
    return {"startLine": span.line, "startColumn": span.column, "endColumn": span.end_column}
