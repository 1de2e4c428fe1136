"""What all tests share."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import understand

CASES = Path(__file__).parent / "cases"


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of specs with known outcomes."""
    return CASES


@pytest.fixture
def diagnose() -> Callable[[Path], Report]:
    """Check a spec and give the report."""

    def run(spec: Path) -> Report:
        report = Report()
        for _ in understand(spec, str(spec), report):
            pass
        return copy.copy(report)

    return run
