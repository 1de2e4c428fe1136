"""llmc lock: asks the world outside about what a spec names, and writes the answers down beside it."""

from __future__ import annotations

import difflib
import json
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from llmc.compiler.bundle.render import canonical
from llmc.compiler.bundle.writer import write_atomically
from llmc.compiler.cli.common import format_option, tell
from llmc.compiler.cli.main import shown_path
from llmc.compiler.facts.lock import lock_path, read_lock
from llmc.compiler.language.diagnostics import Diagnostic, Report, Span
from llmc.compiler.pipeline import read

EXAMPLES = {
    "llmc lock experiment.yaml": "writes what is known outside into experiment.lock.json",
    "llmc lock experiment.yaml --check": "exits 1 where that would change",
}
_SHOWN_LINES = 60


@dataclass(slots=True)
class _Outcome:
    """What became of one spec's lock; `difference` is what changes, line by line, None where nothing was found out."""

    spec: Path
    path: Path
    content: dict[str, Any] = field(default_factory=dict)
    difference: list[str] | None = None
    written: bool = False


@click.command("lock")
@click.argument("specs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where the lock would change, and show how.")
@click.option("--fresh", is_flag=True, help="Count tokens anew, also where the data and the tokenizer are the same.")
@format_option
def command(specs: tuple[Path, ...], check: bool, fresh: bool, form: str) -> None:
    """Find out what SPECS name: models, tokenizers, data and images, on the hub, in folders, in S3 and registries.

    The answers go into a lock beside each spec, which you commit; all other commands read it and ask nobody.
    """
    report = Report()
    outcomes = [_lock(spec, check, fresh, report) for spec in specs]
    different = [outcome for outcome in outcomes if outcome.difference]
    if form == "json":
        _as_json(report, outcomes)
    else:
        _as_text(report, outcomes, check)
    raise SystemExit(1 if report.failed or (check and different) else 0)


def _lock(spec: Path, check: bool, fresh: bool, report: Report) -> _Outcome:
    own = Report(sources=report.sources)
    outcome = _Outcome(spec, lock_path(spec))
    # What checks find does not matter here: some of them need a lock.
    experiments = read(spec, str(spec), own)
    earlier = read_lock(spec, str(spec), own)
    if not own.failed:
        from llmc.compiler.locking.lock import Locking
        from llmc.compiler.locking.progress import Progress

        making = Locking(spec.resolve().parent, earlier, own, Progress(sys.stderr), fresh=fresh)
        outcome.content = making.make(experiments)
        _finish(outcome, check, own)
    report.diagnostics += own.diagnostics
    return outcome


def _finish(outcome: _Outcome, check: bool, report: Report) -> None:
    """Compare what was found out with the lock as it is, and write it where it is another."""
    new, path = canonical(outcome.content), outcome.path
    shown = shown_path(path)
    try:
        old = path.read_bytes() if path.exists() else b""
        lines = old.decode().splitlines(), new.decode().splitlines()
        names = f"{shown} (on the disk)", f"{shown} (found out)"
        outcome.difference = list(difflib.unified_diff(*lines, *names, lineterm="", n=1)) if old != new else []
        # A lock of nothing at all is not worth a file, unless there is one already.
        if old != new and not check and (old or any(outcome.content[name] for name in ("models", "data", "images"))):
            write_atomically(path, new)
            outcome.written = True
    except OSError as error:
        message = f"cannot write the lock: {error.strerror or error}"
        report.add(Diagnostic("LLM403", message, Span(shown), help="make room or remove what is in the way"))


def _as_text(report: Report, outcomes: list[_Outcome], check: bool) -> None:
    from llmc.compiler.report.text import summary

    tell(report, "text", err=True)
    for outcome in outcomes:
        if check and outcome.difference:
            click.echo("\n".join(outcome.difference[:_SHOWN_LINES]))
            if len(outcome.difference) > _SHOWN_LINES:
                click.echo(f"... and {len(outcome.difference) - _SHOWN_LINES} more lines")
        if outcome.difference is not None:
            click.echo(f"{shown_path(outcome.path)}: {_state(outcome, check)}{_holds(outcome.content)}")
    if report.diagnostics:
        click.echo(summary(report), err=True)
    written = [outcome for outcome in outcomes if outcome.written]
    if written and not report.failed:
        what = shown_path(written[0].path) if len(written) == 1 else f"the {len(written)} locks"
        click.echo(f"next: commit {what}, then `llmc compile {shlex.quote(str(written[0].spec))}`")


def _state(outcome: _Outcome, check: bool) -> str:
    if not outcome.difference:
        return "up to date"
    if check:
        return f"would change; run `llmc lock {shlex.quote(str(outcome.spec))}`"
    return "written" if outcome.written else "not written"


def _holds(content: dict[str, Any]) -> str:
    """What a lock says, in one line."""
    parts = []
    for name, model in content["models"].items():
        total = model["parameters"]["total"]
        parts.append(f"{name} has {total:,} parameters" if total is not None else name)
    for path, data in content["data"].items():
        counts = [count["total"] for count in data["tokens"] if count["total"] is not None]
        rows = "rows that are streamed" if data["rows"] is None else _many(data["rows"], "row")
        parts.append(f"{path} has {rows}" + (f" and {_many(counts[0], 'token')}" if counts else ""))
    parts += [f"{name} is {image['digest'][:19]}" for name, image in content["images"].items()]
    return "".join(f"\n  {part}" for part in parts)


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _as_json(report: Report, outcomes: list[_Outcome]) -> None:
    from llmc.compiler.report.json import tell as tell_json

    answer = json.loads(tell_json(report)) | {"locks": []}
    for outcome in outcomes:
        changes = outcome.difference or []
        one = {"file": shown_path(outcome.path), "difference": changes, "written": outcome.written}
        answer["locks"].append(one | {"known": outcome.difference is not None})
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
