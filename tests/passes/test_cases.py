"""Specs with known outcomes: `ok/` is silent; each of `err/` gives what its `.out` says, written by hand.

`later/` is silent as well, except that it asks for what this version cannot run yet.

A line of an `.out` is `LINE:COLUMN[-END] CODE text`, where the text must occur in what is told. Specs without a lock
hear of it (LLM230); that is expected only where the `.out` says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from llmc.compiler.language.diagnostics import Diagnostic, Report
from llmc.compiler.pipeline import compile_spec
from llmc.compiler.report.text import tell

CASES = Path(__file__).parent.parent / "cases"
WRONG = sorted((CASES / "err").glob("*.yaml"))


RIGHT = [*sorted((CASES / "ok").glob("*.yaml")), *sorted((CASES / "later").glob("*.yaml"))]


@pytest.mark.parametrize("spec", RIGHT, ids=lambda path: path.stem)
def test_right_specs_are_silent(spec: Path, diagnose: Callable[[Path], Report]) -> None:
    report = diagnose(spec)
    assert [d for d in report if d.code != "LLM230"] == [], tell(report)


def test_a_right_spec_with_a_lock_is_wholly_silent(diagnose: Callable[[Path], Report]) -> None:
    assert tell(diagnose(CASES / "ok/locked.yaml")) == ""


@pytest.mark.parametrize("spec", WRONG, ids=lambda path: path.stem)
def test_wrong_specs_are_diagnosed_at_their_line(spec: Path, diagnose: Callable[[Path], Report]) -> None:
    report = diagnose(spec)
    expected = spec.with_suffix(".out").read_text().splitlines()
    found = [d for d in report if d.code != "LLM230" or any("LLM230" in line for line in expected)]
    assert len(found) == len(expected), tell(report)
    for diagnostic, line in zip(found, expected, strict=True):
        _assert_as_expected(diagnostic, line, report)


def _assert_as_expected(diagnostic: Diagnostic, line: str, report: Report) -> None:
    match = re.fullmatch(r"(\d+):(\d+)(?:-(\d+))? (LLM\d{3}) (.*)", line)
    assert match, f"unreadable expectation: {line}"
    at, column, end, code, words = match.groups()
    told = tell(report)
    assert (diagnostic.code, diagnostic.span.line, diagnostic.span.column) == (code, int(at), int(column)), told
    assert end is None or diagnostic.span.end_column == int(end), told
    assert words in told


def test_every_code_has_a_case() -> None:
    from llmc.compiler.checks import all_checks

    covered = {path.stem.split("-")[0] for path in WRONG}
    assert {module.CODE for module in all_checks()} <= covered


@pytest.mark.parametrize("spec", sorted((CASES / "later").glob("*.yaml")), ids=lambda path: path.stem)
def test_what_cannot_be_run_yet_is_refused(spec: Path) -> None:
    report = Report()
    assert compile_spec(spec, spec.name, report) == []
    assert {d.code for d in report if d.severity == "error"} == {"LLM406"}
