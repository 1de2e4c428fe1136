"""`llmc check`, and the completed spec where nothing is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.experiment import plain
from llmc.compiler.pipeline import understand
from llmc.compiler.report.text import tell

# What the runtime has not learned yet: a job on a cluster is no mistake of the spec's.
NOT_YET = "LLM406"


class Diagnostics(Exception):
    """What is wrong, as `llmc check` tells it."""


def parse(config: str) -> dict[str, Any]:
    """Check the spec; errors are the refusal."""
    report = Report()
    read = [plain(found.experiment.tree) for found in understand(Path(config), config, report, wrong_too=True)]
    errors = [found for found in report if found.severity == "error" and found.code != NOT_YET]
    if errors:
        raise Diagnostics(tell(Report(errors, report.sources)))
    given: dict[str, Any] = read[0]
    return given
