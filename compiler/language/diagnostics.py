"""What is wrong with a spec, as values: a place in a file, a problem there, and the report that collects problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from llmc.compiler.language.secrets import TOKEN, hidden

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line of a file. Lines and columns count from 1, columns in characters; the end is exclusive.

    `exact` is False where it shows the place of something that it does not cover from end to end.
    """

    file: str
    line: int = 1
    column: int = 1
    end_column: int = 2
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that the reader of a diagnostic should see, and what is there."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem at one place.

    `code` never changes its meaning, `path` is the dotted key it is about, `why` says what would have happened,
    `help` what to do, and `fix` what could stand in place of the span. `fix_is_safe` where nothing else can have been
    meant, so that a program may put it there; otherwise somebody has to judge it.
    """

    code: str
    message: str
    span: Span
    path: str = ""
    severity: Severity = "error"
    why: str | None = None
    help: str | None = None
    fix: str | None = None
    fix_is_safe: bool = False
    related: tuple[Related, ...] = ()


@dataclass(slots=True)
class Report:
    """The problems found so far. Passes add to it and go on for as long as their input makes sense.

    `sources` are the texts that were read, by the file's name as shown; `unsaved` are texts to read in place of files.
    """

    diagnostics: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    unsaved: Mapping[str, str] = field(default_factory=dict)

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic; the same one twice is said once. What looks like a secret in it is not repeated."""
        diagnostic = _without_secrets(diagnostic)
        if not diagnostic.span.exact:
            diagnostic = replace(diagnostic, fix=None, fix_is_safe=False)
        if diagnostic not in self.diagnostics:
            self.diagnostics.append(diagnostic)

    @property
    def failed(self) -> bool:
        """Whether anything found forbids writing a bundle."""
        return any(d.severity == "error" for d in self.diagnostics)

    def __iter__(self) -> Iterator[Diagnostic]:
        """In reading order of the files."""
        return iter(sorted(self.diagnostics, key=lambda d: (d.span.file, d.span.line, d.span.column, d.code)))


def _without_secrets(d: Diagnostic) -> Diagnostic:
    if not any(TOKEN.search(text) for text in (d.message, d.path, d.help or "", d.why or "", d.fix or "")):
        return d
    help, why = (hidden(text) if text else text for text in (d.help, d.why))
    return replace(d, message=hidden(d.message), path=hidden(d.path), help=help, why=why, fix=None, fix_is_safe=False)
