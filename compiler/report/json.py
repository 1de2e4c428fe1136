"""Diagnostics for programs; the shape is `schemas/diagnostics.schema.json`."""

from __future__ import annotations

import json
from typing import Any

from llmc.compiler.language.diagnostics import Diagnostic, Report, Span


def tell(report: Report, *, colour: bool = False) -> str:
    """Give all diagnostics as one JSON document. `colour` is there for all tellers alike and does nothing here."""
    return json.dumps({"diagnostics": [_one(d) for d in report]}, indent=2, ensure_ascii=False) + "\n"


def _one(d: Diagnostic) -> dict[str, Any]:
    about = {"code": d.code, "severity": d.severity, "message": d.message, "path": d.path}
    advice = {"why": d.why, "help": d.help, "fix": d.fix}
    return about | _place(d.span) | advice | {"related": [_place(r.span) | {"message": r.message} for r in d.related]}


def _place(span: Span) -> dict[str, Any]:
    return {"file": span.file, "line": span.line, "column": span.column, "end_column": span.end_column}
