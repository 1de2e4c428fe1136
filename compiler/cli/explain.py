"""llmc explain: what a diagnostic means."""

from __future__ import annotations

import difflib
import inspect

import click

from llmc import schemas
from llmc.compiler.checks import all_checks


def pages() -> dict[str, str]:
    """Give the page of every code: checks document themselves, the other passes' and the runtime's codes are data."""
    found = {module.CODE: inspect.cleandoc(module.__doc__ or "") for module in all_checks()}
    for name in ("language", "run"):
        for code, about in schemas.load(f"codes/{name}.json").items():
            found[code] = f"{about['title']}\n\nWhy: {about['why']}\nFix: {about['fix']}"
    return found


@click.command("explain")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Explain the diagnostic CODE; without it, list all codes."""
    known = pages()
    if code is None:
        for name in sorted(known):
            click.echo(f"{name}  {known[name].splitlines()[0]}")
        return
    page = known.get(code.upper())
    if page is None:
        close = difflib.get_close_matches(code.upper(), known, n=1, cutoff=0.5)
        raise click.UsageError(f"no diagnostic '{code}'" + (f"; did you mean {close[0]}?" if close else ""))
    click.echo(f"{code.upper()}: {page}")
