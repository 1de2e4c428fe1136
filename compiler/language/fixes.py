"""Corrects the texts of a spec where a diagnostic says what certainly was meant.

Only the spans change: comments, layout, line ends and everything else stay byte for byte. A span is replaced only where
it is exactly one scalar of the file, and the new text must read as the old one with other scalars there and nothing
else; so a wrong span can damage nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from llmc.compiler.language.diagnostics import Diagnostic, Report, Span

# A correction can bring the next one to light: a section under its right name has keys of its own.
ROUNDS = 10
# Codes after which the rest of a text was not read.
_UNREAD = {"LLM001", "LLM002", "LLM005", "LLM006"}

_Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """One correction that was made: of which code, where, what stood there, and what stands there now.

    The place counts in the text as it was before the correction.
    """

    code: str
    span: Span
    old: str
    new: str


@dataclass(slots=True)
class Fixed:
    """What came of correcting: the texts that changed, before and after, the changes, and what is left to report."""

    report: Report
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)


def fix(check: Callable[[Mapping[str, str]], Report]) -> Fixed:
    """Correct what can be, check again, and so on until nothing can be.

    `check` gives the report of a spec, reading the texts it is given in place of files. Nothing is written.
    """
    fixed = Fixed(check({}))
    for _ in range(ROUNDS):
        changes = _round(fixed)
        if not changes:
            break
        fixed.changes += changes
        fixed.report = check(fixed.after)
    return fixed


def _round(fixed: Fixed) -> list[Change]:
    done = []
    for file, fixes in _by_file(fixed.report).items():
        text = fixed.report.sources[file]
        corrected, changes = mend(text, fixes)
        if changes:
            fixed.before.setdefault(file, text)
            fixed.after[file] = corrected
            done += changes
    return done


def _by_file(report: Report) -> dict[str, list[Diagnostic]]:
    """The certain fixes by file. A text that was not read to its end is left alone; the command line is no file."""
    unread = {d.span.file for d in report if d.code in _UNREAD}
    found: dict[str, list[Diagnostic]] = {}
    for one in report:
        if one.fix_is_safe and one.span.file not in unread and not one.span.file.startswith("--set "):
            found.setdefault(one.span.file, []).append(one)
    return found


def mend(text: str, fixes: list[Diagnostic]) -> tuple[str, list[Change]]:
    """Put fixes into a text; give it with the changes that were made.

    Left out are fixes that contradict each other, and those of keys whose new name another key of the mapping has.
    """
    tokens, wanted = _tokens(text), dict[_Place, set[str]]()
    about = {_place(one.span): one for one in fixes}
    for one in fixes:
        if one.fix is not None and _place(one.span) in tokens:
            wanted.setdefault(_place(one.span), set()).add(one.fix)
    certain = {place: new.pop() for place, new in wanted.items() if len(new) == 1}
    names = Counter((token.mapping, _bare(certain.get(place, token.value))) for place, token in tokens.items())
    corrected, changes = text, []
    for place in sorted(certain, reverse=True):
        token, new = tokens[place], certain[place]
        if token.mapping is not None and names[token.mapping, _bare(new)] > 1:
            continue
        corrected = corrected[: token.start] + new + corrected[token.end :]
        changes.append(Change(about[place].code, about[place].span, text[token.start : token.end], new))
    if not _reads_alike(text, corrected, {_place(change.span) for change in changes}):
        return text, []
    return corrected, changes[::-1]


def _place(span: Span) -> _Place:
    return span.line, span.column, span.end_column


def _bare(name: str) -> str:
    return str(json.loads(name)) if name.startswith('"') else name


@dataclass(frozen=True, slots=True)
class _Token:
    """A scalar that stands on one line: where in the text, its value, and of a key the number of its mapping."""

    start: int
    end: int
    value: str
    mapping: int | None


def _tokens(text: str) -> dict[_Place, _Token]:
    found: dict[_Place, _Token] = {}
    # Of each open collection: its number, whether it is a mapping, and how many children came so far.
    stack: list[list[int]] = [[0, 0, 0]]
    for number, event in enumerate(_events(text)):
        if isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
            continue
        mapping, is_mapping, children = stack[-1]
        stack[-1][2] += 1
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append([number, isinstance(event, yaml.MappingStartEvent), 0])
        start, end = event.start_mark, event.end_mark
        if isinstance(event, yaml.ScalarEvent) and start.line == end.line:
            home = mapping if is_mapping and children % 2 == 0 else None
            place = (start.line + 1, start.column + 1, end.column + 1)
            found[place] = _Token(start.index, end.index, event.value, home)
    return found


def _events(text: str) -> list[Any]:
    return list(yaml.parse(text, Loader=yaml.CSafeLoader))


def _reads_alike(old: str, new: str, changed: set[_Place]) -> bool:
    """Whether a text reads as another one but for the scalars at some places of the old one."""
    try:
        before, after = _events(old), _events(new)
    except yaml.YAMLError:
        return False
    return len(before) == len(after) and all(
        type(one) is type(other) and (_is_at(one, changed) or _value(one) == _value(other))
        for one, other in zip(before, after, strict=True)
    )


def _is_at(event: Any, places: set[_Place]) -> bool:
    start, end = event.start_mark, event.end_mark
    return isinstance(event, yaml.ScalarEvent) and (start.line + 1, start.column + 1, end.column + 1) in places


def _value(event: Any) -> tuple[str, str | None] | None:
    return (event.value, event.style) if isinstance(event, yaml.ScalarEvent) else None
