"""Reads YAML text into a tree of located nodes: every value knows its line and column.

PyYAML's event stream is lazy, so a hostile nest or bomb is stopped by a cap long before it costs anything; its
ready-made loaders either crash on it or drop what we need (positions, duplicate keys, the text as typed). Anchors,
aliases, merge keys, tags, complex keys and second documents are no part of the language: they hide what a reviewer
must see.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from llmc.compiler.language.diagnostics import Diagnostic, Related, Report, Span
from llmc.compiler.language.scalars import AmbiguousScalar, Scalar, read_scalar

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
MAX_NODES = 50_000

# What libyaml takes for the end of a line, so that our snippets show the line that it counted.
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class Node:
    """A value of the spec and where it was written.

    `key` is where its key stands (None for list items and the root), `text` what was typed for a plain scalar,
    `origin` who gave the value: `spec` or `default`; `refused` marks one that was reported and means nothing.
    `variables` are those that the value was made of.
    """

    value: Scalar | list[Node] | dict[str, Node]
    span: Span
    key: Span | None = None
    text: str | None = None
    origin: str = "spec"
    variables: tuple[str, ...] = ()

    @property
    def place(self) -> Span:
        """Where to point when this node as a whole is meant: a block's key, else the value."""
        return self.key if self.key and isinstance(self.value, (dict, list)) else self.span


class _Stop(Exception):
    """Nothing sensible can be read from here on; the report says why."""


def read_text(path: Path, shown: str, report: Report) -> str | None:
    """Read a spec's text, or report why it cannot be read. `shown` is the path as the user knows it."""
    if shown in report.unsaved:
        report.sources[shown] = report.unsaved[shown]
        return report.unsaved[shown]
    try:
        raw = path.read_bytes()
    except OSError as error:
        _complain(
            report,
            "LLM007",
            f"cannot read {shown}: {error.strerror or error}",
            Span(shown),
            help="give the path of a spec; `llmc check --help` shows how",
        )
        return None
    if len(raw) > MAX_BYTES:
        _complain(report, "LLM006", f"the file has {len(raw):,} bytes, a spec at most {MAX_BYTES:,}", Span(shown))
        return None
    return _decode(raw, shown, report)


def _decode(raw: bytes, shown: str, report: Report) -> str | None:
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        _complain(
            report,
            "LLM002",
            f"byte 0x{raw[error.start]:02x} is not UTF-8 text",
            _span_at(before, len(before), shown),
            help="save the file as UTF-8",
        )
        return None
    report.sources[shown] = text
    if bad := _UNPRINTABLE.search(text):
        _complain(
            report,
            "LLM002",
            f"the character U+{ord(bad[0]):04X} is not allowed in YAML",
            _span_at(text, bad.start(), shown),
            help="remove it",
        )
        return None
    return text


def parse(text: str, shown: str, report: Report) -> Node | None:
    """Read one YAML document; None where there is nothing that later passes could use."""
    try:
        return _Composer(text, shown, report).document()
    except _Stop:
        return None
    except yaml.MarkedYAMLError as error:
        _report_syntax(error, text, shown, report)
    except (yaml.YAMLError, ValueError) as error:
        # ValueError: PyYAML's own conversions, such as a %YAML directive of a million digits.
        _complain(report, "LLM001", f"not YAML: {str(error)[:200]}", Span(shown))
    return None


def _report_syntax(error: yaml.MarkedYAMLError, text: str, shown: str, report: Report) -> None:
    mark = error.problem_mark or error.context_mark
    span = _mark_span(mark, shown)
    lines = LINE_BREAK.split(text)
    tab = span.line <= len(lines) and "\t" in lines[span.line - 1][: span.column]
    hint = "indent with spaces: YAML forbids tabs there" if tab else "check indentation, quotes and brackets above"
    began = error.context_mark if error.context_mark is not mark else None
    related = (Related(_mark_span(began, shown), f"{error.context}, which began here"),) if began else ()
    _complain(report, "LLM001", f"not YAML: {error.problem or error.context}", span, help=hint, related=related)


def _mark_span(mark: Any, shown: str) -> Span:
    return Span(shown, mark.line + 1, mark.column + 1, mark.column + 2) if mark else Span(shown)


def _span_at(text: str, index: int, shown: str) -> Span:
    lines = LINE_BREAK.split(text[:index])
    column = len(lines[-1]) + 1
    return Span(shown, len(lines), column, column + 1)


def _complain(report: Report, code: str, message: str, span: Span, **more: Any) -> None:
    report.add(Diagnostic(code, message, span, **more))


class _Composer:
    """Builds the tree from the events, one method per kind of node. Recursion is bounded by MAX_DEPTH."""

    def __init__(self, text: str, shown: str, report: Report) -> None:
        self.events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self.shown = shown
        self.report = report
        self.nodes = 0

    def document(self) -> Node | None:
        next(self.events)  # the stream's start
        if isinstance(next(self.events), yaml.StreamEndEvent):
            self._stop("LLM102", "the spec is empty", Span(self.shown), help="`llmc init` writes one to start from")
        root = self._node(next(self.events), depth=1)
        next(self.events)  # the document's end
        following = next(self.events)
        if not isinstance(following, yaml.StreamEndEvent):
            self._stop(
                "LLM005",
                "a second document in the file",
                self._span(following),
                help="a spec is one document; put the other one in a file of its own",
            )
        return root

    def _node(self, event: Any, depth: int) -> Node:
        self._refuse_foreign(event)
        self.nodes += 1
        if depth > MAX_DEPTH:
            self._stop("LLM006", f"nested deeper than {MAX_DEPTH} levels", self._span(event))
        if self.nodes > MAX_NODES:
            self._stop("LLM006", f"more than {MAX_NODES:,} values", self._span(event))
        if isinstance(event, yaml.MappingStartEvent):
            return Node(self._mapping(depth), self._span(event))
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self._sequence(depth), self._span(event))
        return self._scalar(event)

    def _mapping(self, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            name, span = self._key(event)
            node = self._node(next(self.events), depth + 1)
            node.key = span
            if name in found:
                self._duplicate(name, span, found[name])
            else:
                found[name] = node
        return found

    def _key(self, event: Any) -> tuple[str, Span]:
        self._refuse_foreign(event)
        if not isinstance(event, yaml.ScalarEvent):
            self._stop(
                "LLM005", "a key that is itself a list or a mapping", self._span(event), help="keys are plain text"
            )
        span = self._span(event)
        if not event.style and event.value == "<<":
            self._stop("LLM005", "a merge key", span, help="write the keys out")
        if not event.style and not isinstance(self._scalar(event).value, str):
            _complain(
                self.report,
                "LLM004",
                f"the key '{event.value[:40]}' is not text",
                span,
                help="quote it",
                fix=json.dumps(event.value, ensure_ascii=False),
                fix_is_safe=True,  # a key can only be text
            )
        return event.value, span

    def _duplicate(self, name: str, span: Span, first: Node) -> None:
        where = first.key or first.span
        _complain(
            self.report,
            "LLM003",
            f"duplicate key '{name}'",
            span,
            why="most YAML readers keep the last one silently, so a reviewer sees a value that is not used",
            help="remove one of the two",
            related=(Related(where, f"'{name}' first stands here"),),
        )

    def _sequence(self, depth: int) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return items

    def _scalar(self, event: Any) -> Node:
        span = self._span(event)
        if event.style:
            return Node(event.value, span)
        try:
            return Node(read_scalar(event.value), span, text=event.value)
        except AmbiguousScalar as error:
            shown = event.value if len(event.value) <= 40 else event.value[:37] + "..."
            _complain(
                self.report,
                "LLM004",
                f"'{shown}' is {error}",
                span,
                help=f'quote it if text is meant: "{shown}"',
                fix=json.dumps(event.value, ensure_ascii=False) if shown == event.value else None,
            )
            return Node(event.value, span, origin="refused")

    def _refuse_foreign(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._stop("LLM005", f"an alias: *{str(event.anchor)[:40]}", self._span(event), help="write the value out")
        if getattr(event, "anchor", None):
            self._stop(
                "LLM005",
                f"an anchor: &{event.anchor[:40]}",
                self._span(event),
                help="write the value out where it is used",
            )
        if getattr(event, "tag", None):
            self._stop("LLM005", f"a tag: {event.tag[:60]}", self._span(event), help="write the plain value")

    def _span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        # A block's or a folded text's end lies lines further on: underline its first character only.
        width = end.column - start.column if end.line == start.line else 0
        return Span(self.shown, start.line + 1, start.column + 1, start.column + 1 + max(width, 1), exact=width > 0)

    def _stop(self, code: str, message: str, span: Span, **more: Any) -> None:
        _complain(self.report, code, message, span, **more)
        raise _Stop
