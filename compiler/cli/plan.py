"""llmc plan: the page that a reviewer reads, on the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from llmc.compiler.cli.common import end, set_option, spec_argument, tell
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import compile_spec


@click.command("plan")
@spec_argument
@set_option
def command(spec: Path, overrides: tuple[str, ...]) -> None:
    """Print PLAN.md of SPEC: what would run, what was decided and why. Writes nothing."""
    report = Report()
    bundle = compile_spec(spec, str(spec), report, overrides=overrides)
    if bundle is None:
        end(report, err=True)
    tell(report, "text", err=True)
    click.echo(bundle.files["PLAN.md"].decode(), nl=False)
