"""Diagnostics for programs; the shape is `schemas/check.schema.json`."""

from __future__ import annotations

import json
from typing import Any

from llmc.compiler.language.diagnostics import Diagnostic, Report, Span


def tell(report: Report, *, colour: bool = False) -> str:
    """Give all diagnostics as one JSON document. `colour` is there for all tellers alike and does nothing here."""
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"


def document(report: Report) -> dict[str, Any]:
    """Give that document as data, for a command that has more to say in it."""
    return {"diagnostics": [_one(d) for d in report]}


def place(span: Span) -> dict[str, Any]:
    """Give a place as those documents do."""
    return {"file": span.file, "line": span.line, "column": span.column, "end_column": span.end_column}


def _one(d: Diagnostic) -> dict[str, Any]:
    about = {"code": d.code, "severity": d.severity, "message": d.message, "path": d.path}
    advice = {"why": d.why, "help": d.help, "fix": d.fix, "fix_is_safe": d.fix_is_safe}
    return about | place(d.span) | advice | {"related": [place(r.span) | {"message": r.message} for r in d.related]}
