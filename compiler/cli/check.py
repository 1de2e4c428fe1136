"""llmc check: diagnostics only."""

from __future__ import annotations

from pathlib import Path

import click

from llmc.compiler.cli.common import set_option, tell
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import understand


@click.command("check")
@click.argument("specs", nargs=-1, required=True, type=click.Path(path_type=Path))
@set_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    help="For people, for programs, for annotations on GitHub, or for code scanning.",
)
def command(specs: tuple[Path, ...], overrides: tuple[str, ...], form: str) -> None:
    """Say what is wrong with SPECS, and write nothing."""
    from llmc.compiler.report.text import summary

    report = Report()
    # A report of its own for each, so that one broken spec does not keep the next from being checked to its end.
    for spec in specs:
        own = Report(sources=report.sources)
        for _ in understand(spec, str(spec), own, overrides):
            pass
        report.diagnostics += own.diagnostics
    tell(report, form, err=False)
    click.echo(summary(report), err=True)
    raise SystemExit(1 if report.failed else 0)
