"""llmc explain: what a diagnostic means."""

from __future__ import annotations

import difflib
import inspect
import json

import click
from click.shell_completion import CompletionItem

from llmc import schemas
from llmc.compiler.checks import all_checks
from llmc.compiler.cli.common import format_option

EXAMPLES = {
    "llmc explain": "all codes",
    "llmc explain LLM201": "one of them, with why, fix and source",
}


def pages() -> dict[str, str]:
    """Give the page of every code: checks document themselves, the other passes' and the runtime's codes are data."""
    found = {module.CODE: inspect.cleandoc(module.__doc__ or "") for module in all_checks()}
    for name in ("language", "run"):
        for code, about in schemas.load(f"codes/{name}.json").items():
            found[code] = f"{about['title']}\n\nWhy: {about['why']}\nFix: {about['fix']}"
    return found


def _complete(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    return [
        CompletionItem(code, help=page.splitlines()[0])
        for code, page in sorted(pages().items())
        if code.startswith(typed.upper())
    ]


@click.command("explain")
@click.argument("code", required=False, shell_complete=_complete)
@format_option
def command(code: str | None, form: str) -> None:
    """Explain the diagnostic CODE; without it, list all codes."""
    known = pages()
    if code is not None and code.upper() not in known:
        close = difflib.get_close_matches(code.upper(), known, n=1, cutoff=0.5)
        raise click.UsageError(f"no diagnostic '{code}'" + (f"; did you mean {close[0]}?" if close else ""))
    chosen = sorted(known) if code is None else [code.upper()]
    if form == "json":
        answer = [{"code": name, "title": known[name].splitlines()[0], "page": known[name]} for name in chosen]
        click.echo(json.dumps({"codes": answer}, indent=2, ensure_ascii=False))
    elif code is None:
        for name in chosen:
            click.echo(f"{name}  {known[name].splitlines()[0]}")
    else:
        click.echo(f"{code.upper()}: {known[code.upper()]}")
