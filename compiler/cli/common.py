"""What the subcommands share: how a spec is named, and how a report is told."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

from llmc.compiler.language.diagnostics import Diagnostic, Report, Span

spec_argument = click.argument("spec", type=click.Path(path_type=Path))
set_option = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a value of the spec; may be given often."
)
out_option = click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for bundles; `build` beside the spec by default.",
)
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="For people, or for programs."
)


def tell(report: Report, form: str, *, err: bool) -> None:
    """Print a report in a format; nothing where there is nothing to say to people."""
    stream = sys.stderr if err else sys.stdout
    told = import_module(f"llmc.compiler.report.{form}").tell(report, colour=stream.isatty())
    if told:
        click.echo(told, nl=not told.endswith("\n"), err=err)


def tell_json(report: Report, **more: Any) -> None:
    """Print a report as one JSON document, with what else a command has to say in it."""
    from llmc.compiler.report.json import document

    click.echo(json.dumps(document(report) | more, indent=2, ensure_ascii=False))


@contextmanager
def answering(form: str, report: Report, **nothing: Any) -> Iterator[None]:
    """See to it that a program gets its document, with `nothing` for an answer, where a command is refused inside."""
    try:
        yield
    except SystemExit:
        if form == "json":
            tell_json(report, **nothing)
        raise


def refuse(report: Report, code: str, message: str, place: str, help: str | None = None, **more: Any) -> NoReturn:
    """Say why a command cannot go on, and end with status 1."""
    report.add(Diagnostic(code, message, Span(place), help=help, **more))
    end(report, err=True)


def end(report: Report, *, err: bool) -> NoReturn:
    """Tell a failed report to people, with a count, and end with status 1."""
    from llmc.compiler.report.text import summary

    tell(report, "text", err=err)
    click.echo(summary(report), err=True)
    raise SystemExit(1)
