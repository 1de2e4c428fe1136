"""llmc check: diagnostics only, or with the certain corrections made."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from llmc.compiler.bundle.writer import write_atomically
from llmc.compiler.cli.common import set_option, tell, tell_json
from llmc.compiler.language.diagnostics import Diagnostic, Report, Span
from llmc.compiler.language.fixes import Fixed, fix
from llmc.compiler.language.secrets import hidden
from llmc.compiler.pipeline import understand
from llmc.compiler.report.patch import unified

EXAMPLES = {
    "llmc check experiment.yaml": "what is wrong, at its line",
    "llmc check experiment.yaml --set training.seed=7": "the same with one value overridden",
    "llmc check experiment.yaml --fix --diff": "what --fix would correct, as a patch",
    "llmc check experiment.yaml --format github": "annotations for a pull request",
}
_BOM = b"\xef\xbb\xbf"


@click.command("check")
@click.argument("specs", nargs=-1, required=True, type=click.Path(path_type=Path))
@set_option
@click.option("--fix", "fixing", is_flag=True, help="Correct what is certain in the files, then check again.")
@click.option("--diff", is_flag=True, help="With --fix: show the corrections as a patch and write nothing.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    help="For people, for programs, for annotations on GitHub, or for code scanning.",
)
def command(specs: tuple[Path, ...], overrides: tuple[str, ...], fixing: bool, diff: bool, form: str) -> None:
    """Say what is wrong with SPECS, and write nothing unless --fix is given.

    --fix corrects misspelt keys and wrong quotes where nothing else can have been meant, also in the files that SPECS
    extend. It never chooses a value. With --diff the exit status is 1 where there is something to correct.
    """
    if diff and not fixing:
        raise click.UsageError("--diff shows what --fix would do: give both")
    fixed = fix(partial(_check, specs, overrides)) if fixing else Fixed(_check(specs, overrides, {}))
    if fixing and not diff:
        _write(fixed)
    if form == "json" and fixing:
        _tell_fixed(fixed)
    else:
        _tell_changes(fixed, diff, err=form != "text")
        tell(fixed.report, form, err=False)
    click.echo(_summary(fixed, fixing, diff), err=True)
    raise SystemExit(1 if fixed.report.failed or (diff and fixed.changes) else 0)


def _check(specs: tuple[Path, ...], overrides: tuple[str, ...], unsaved: Mapping[str, str]) -> Report:
    report = Report(unsaved=unsaved)
    # A report of its own for each, so that one broken spec does not keep the next from being checked to its end.
    for spec in specs:
        own = Report(sources=report.sources, unsaved=unsaved)
        for _ in understand(spec, str(spec), own, overrides):
            pass
        for diagnostic in own.diagnostics:
            report.add(diagnostic)
    return report


def _write(fixed: Fixed) -> None:
    """Write the corrected files, each at once or not at all; one that cannot be written is reported."""
    for shown, old in fixed.before.items():
        try:
            path = Path(shown).resolve(strict=True)
            raw = path.read_bytes()
            mark = _BOM if raw.startswith(_BOM) else b""
            new = mark + fixed.after[shown].encode()
            if raw not in (new, mark + old.encode()):
                _refuse(fixed, shown, "LLM420", "the file changed while it was being checked, so it was left as it is")
            elif raw != new:
                write_atomically(path, new, path.stat().st_mode & 0o7777)
        except OSError as error:
            _refuse(fixed, shown, "LLM421", f"cannot write the corrected file: {error.strerror or error}")


def _refuse(fixed: Fixed, shown: str, code: str, message: str) -> None:
    fixed.changes = [change for change in fixed.changes if change.span.file != shown]
    fixed.report.add(Diagnostic(code, message, Span(shown), help="run `llmc check --fix` again"))


def _tell_changes(fixed: Fixed, diff: bool, *, err: bool) -> None:
    if diff:
        for shown, old in fixed.before.items():
            click.echo(unified(shown, old, fixed.after[shown]), nl=False, err=err)
        return
    for change in fixed.changes:
        old, new = hidden(change.old), hidden(change.new)
        click.echo(f"{change.span.file}:{change.span.line}: {change.code} '{old}' -> '{new}'", err=err)


def _tell_fixed(fixed: Fixed) -> None:
    from llmc.compiler.report.json import place

    changes = ({"code": c.code, "old": hidden(c.old), "new": hidden(c.new)} | place(c.span) for c in fixed.changes)
    tell_json(fixed.report, fixed=list(changes))


def _summary(fixed: Fixed, fixing: bool, diff: bool) -> str:
    from llmc.compiler.report.text import summary

    left = summary(fixed.report)
    if fixing:
        count = len(fixed.changes)
        return f"{count} correction{'' if count == 1 else 's'} {'to make' if diff else 'made'}, then {left}"
    certain = sum(one.fix_is_safe for one in fixed.report)
    return f"{left}\n`llmc check --fix` corrects {certain} of them" if certain else left
