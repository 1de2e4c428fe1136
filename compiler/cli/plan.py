"""llmc plan: the page that a reviewer reads, on the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from llmc.compiler.cli.common import end, set_option, spec_argument, tell
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import bundle_of, understand


@click.command("plan")
@spec_argument
@set_option
def command(spec: Path, overrides: tuple[str, ...]) -> None:
    """Print PLAN.md of SPEC: what would run, what was decided and why. Writes nothing.

    Of a sweep, print one line for each experiment.
    """
    report = Report()
    understood = list(understand(spec, str(spec), report, overrides))
    if report.failed:
        end(report, err=True)
    tell(report, "text", err=True)
    for one in understood if len(understood) > 1 else ():
        click.echo(f"{one.experiment.name}  {one.experiment.variant}")
    if len(understood) == 1:
        click.echo(bundle_of(understood[0]).files["PLAN.md"].decode(), nl=False)
