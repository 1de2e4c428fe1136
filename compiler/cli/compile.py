"""llmc compile: writes the bundle, or compares it with what is there."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from llmc.compiler.bundle.writer import Bundle, Changes, compare, write
from llmc.compiler.cli.common import (
    answering,
    end,
    format_option,
    out_option,
    refuse,
    set_option,
    spec_argument,
    tell,
    tell_json,
)
from llmc.compiler.cli.main import shown_path
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import compile_spec

EXAMPLES = {
    "llmc compile experiment.yaml": "writes build/<name>/, to review and commit",
    "llmc compile experiment.yaml --check": "exits 1 where the committed bundle is another",
}
_SHOWN_LINES = 60


@click.command("compile")
@spec_argument
@set_option
@out_option
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where the bundle on the disk differs, and show how.")
@format_option
def command(spec: Path, overrides: tuple[str, ...], out: Path | None, check: bool, form: str) -> None:
    """Compile SPEC into its bundle, the files to review and to run; a sweep into one for each."""
    report = Report()
    bundles = compile_spec(spec, str(spec), report, out, overrides)
    if form == "json":
        _as_json(report, bundles, check)
    if not bundles:
        end(report, err=True)
    tell(report, "text", err=True)
    different = [_check(bundle, report) if check else _write(bundle, report) for bundle in bundles]
    if check and any(different):
        raise SystemExit(1)
    if not check:
        plan = shown_path(bundles[0].folder / "PLAN.md")
        click.echo(f"next: review {plan}, then `llmc run {shlex.quote(str(spec))}`")


def _write(bundle: Bundle, report: Report) -> bool:
    changes, folder = compare_or_refuse(bundle, report), shown_path(bundle.folder)
    write_or_refuse(bundle, changes, report)
    removed = f", removed {len(changes.removed)}" if changes.removed else ""
    wrote = f"wrote {len(changes.written)} of {len(bundle.files)} files{removed}"
    click.echo(f"{folder}: {wrote if changes else 'nothing to do'}")
    return bool(changes)


def write_or_refuse(bundle: Bundle, changes: Changes, report: Report) -> None:
    """Write a bundle, unless that would destroy what somebody changed by hand."""
    if changes.edited:
        names = ", ".join(changes.edited)
        refuse(
            report,
            "LLM401",
            f"changed by hand since llmc wrote it: {names}",
            shown_path(bundle.folder / changes.edited[0]),
            why="writing the bundle would destroy the change",
            help="move the change into the spec, or remove the file and compile again",
        )
    with _refusing(bundle, report):
        write(bundle, changes)


def compare_or_refuse(bundle: Bundle, report: Report) -> Changes:
    """Compare a bundle with its folder, unless something in the way cannot even be read."""
    with _refusing(bundle, report):
        return compare(bundle)


@contextmanager
def _refusing(bundle: Bundle, report: Report) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        refuse(
            report,
            "LLM403",
            f"cannot write the bundle: {error.strerror or error}",
            shown_path(Path(error.filename or bundle.folder)),
            help="make room or remove what is in the way, then compile again",
        )


def _check(bundle: Bundle, report: Report) -> bool:
    changes, folder = compare_or_refuse(bundle, report), shown_path(bundle.folder)
    for line in _difference(bundle, changes):
        click.echo(line)
    count = len(changes.written) + len(changes.removed)
    if changes:
        click.echo(f"{folder}: differs in {count} files; run `llmc compile`", err=True)
    else:
        click.echo(f"{folder}: up to date")
    return bool(changes)


def _difference(bundle: Bundle, changes: Changes) -> Iterator[str]:
    for path in changes.written + changes.removed:
        place = bundle.folder / path
        if not place.exists():
            yield f"{path}: not on the disk"
            continue
        old = place.read_text(errors="replace").splitlines()
        new = bundle.files.get(path, b"").decode().splitlines()
        lines = list(difflib.unified_diff(old, new, f"{path} (on the disk)", f"{path} (compiled)", lineterm="", n=1))
        yield from lines[:_SHOWN_LINES]
        if len(lines) > _SHOWN_LINES:
            yield f"... and {len(lines) - _SHOWN_LINES} more lines"


def _as_json(report: Report, bundles: list[Bundle], check: bool) -> NoReturn:
    answer: list[dict[str, Any]] = []
    with answering("json", report, bundles=answer):
        for bundle in bundles:
            changes = compare_or_refuse(bundle, report)
            if not check:
                write_or_refuse(bundle, changes, report)
            one = {"folder": shown_path(bundle.folder), "written": changes.written, "removed": changes.removed}
            answer.append(one)
    tell_json(report, bundles=answer)
    different = any(one["written"] or one["removed"] for one in answer)
    raise SystemExit(1 if not bundles or (check and different) else 0)
