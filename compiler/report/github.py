"""Diagnostics as GitHub's workflow commands: annotations on the lines of a pull request.

Source: docs.github.com, "Workflow commands for GitHub Actions", `::error file=,line=,col=,endColumn=,title=::message`.
"""

from __future__ import annotations

from llmc.compiler.language.diagnostics import Diagnostic, Report

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def tell(report: Report, *, colour: bool = False) -> str:
    """Give one command a line. `colour` is there for all tellers alike and does nothing here."""
    return "".join(_command(d) + "\n" for d in report)


def _command(d: Diagnostic) -> str:
    place = {
        "file": d.span.file,
        "line": d.span.line,
        "col": d.span.column,
        "endColumn": d.span.end_column,
        "title": d.code,
    }
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in place.items())
    parts = [d.message, *(f"{name}: {text}" for name, text in (("why", d.why), ("help", d.help)) if text)]
    return f"::{_COMMANDS[d.severity]} {properties}::{_data(chr(10).join(parts))}"


def _data(text: str) -> str:
    """Escape a message, as actions/toolkit's command.ts does (escapeData)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property (escapeProperty there)."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
