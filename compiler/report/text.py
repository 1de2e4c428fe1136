"""Diagnostics for people at a terminal: the place, the line as typed, a caret, why it matters and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.language.diagnostics import Diagnostic, Report, Span
from llmc.compiler.language.secrets import hidden
from llmc.compiler.language.source import LINE_BREAK

_COLOURS = {"error": "\x1b[31m", "warning": "\x1b[33m", "info": "\x1b[36m"}
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_WIDEST = 160


def tell(report: Report, *, colour: bool = False) -> str:
    """Give the text of all diagnostics, or nothing where there are none."""
    return "\n".join("\n".join(_lines(d, report, colour)) + "\n" for d in report)


def summary(report: Report) -> str:
    """Give one line that counts the problems."""
    counts = [(sum(d.severity == kind for d in report), kind) for kind in ("error", "warning", "info")]
    return ", ".join(f"{n} {kind}{'s' if n > 1 and kind != 'info' else ''}" for n, kind in counts if n) or "no problems"


def _lines(d: Diagnostic, report: Report, colour: bool) -> Iterator[str]:
    kind = f"{d.severity}[{d.code}]"
    paint = f"{_COLOURS[d.severity]}{_BOLD}{kind}{_PLAIN}" if colour else kind
    yield f"{_where(d.span)}: {paint}: {d.message}"
    yield from _snippet(d.span, report)
    for related in d.related:
        yield f"  {_where(related.span)}: {related.message}"
        yield from _snippet(related.span, report)
    if d.why:
        yield f"  = why: {d.why}"
    if d.help:
        yield f"  = help: {d.help}"


def _where(span: Span) -> str:
    return f"{span.file}:{span.line}:{span.column}"


def _snippet(span: Span, report: Report) -> Iterator[str]:
    lines = LINE_BREAK.split(report.sources.get(span.file, ""))
    if span.line > len(lines) or not lines[span.line - 1].strip():
        return
    # A line of a hostile file may be long: show the part around the caret.
    start = max(0, span.column - 1 - _WIDEST // 2)
    shown = hidden(lines[span.line - 1])[start : start + _WIDEST].replace("\t", " ")
    gutter = " " * len(str(span.line))
    width = max(1, min(span.end_column - span.column, len(shown) - (span.column - 1 - start)))
    yield f"{gutter} |"
    yield f"{span.line} | {shown}"
    yield f"{gutter} | {' ' * (span.column - 1 - start)}{'^' * width}"
