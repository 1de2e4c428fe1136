"""llmc init: writes a commented spec to start from."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import NoReturn

import click

from llmc import templates
from llmc.compiler.cli.common import answering, end, format_option, refuse, tell_json
from llmc.compiler.cli.main import shown_path
from llmc.compiler.cli.schema import one_file
from llmc.compiler.language.compose import load
from llmc.compiler.language.diagnostics import Report, Span
from llmc.compiler.language.experiment import WRITING
from llmc.compiler.language.schema import Schema
from llmc.compiler.language.source import Node
from llmc.compiler.language.validate import complete
from llmc.compiler.language.variables import substitute
from llmc.compiler.report.starter import starter

EXAMPLES = {
    "llmc init new.yaml --task dpo": "a spec to start from",
    "llmc init again.yaml --from experiment.yaml": "the values of another spec, with every key explained",
}
_TEMPLATES = sorted(path.stem for path in (templates.FOLDER / "init").glob("*.yaml"))
_SCHEMA = "llmc.schema.json"


@click.command("init")
@click.argument("path", default="experiment.yaml", type=click.Path(path_type=Path))
@click.option("--task", type=click.Choice(_TEMPLATES), help="What the experiment does; sft by default.")
@click.option("--from", "source", metavar="SPEC", help="Start from another spec: its values, with every key explained.")
@format_option
def command(path: Path, task: str | None, source: str | None, form: str) -> None:
    """Write a spec to start from to PATH, with every key of the language explained in comments.

    `#key: value` is a key that may be given. Beside it comes llmc.schema.json, by which editors complete and check.
    Nothing is overwritten.
    """
    if task and source:
        raise click.UsageError("--task chooses one of our specs and --from one of yours: give one of them")
    read, report = Report(), Report()
    text = _text(path, task or "sft", source, read)
    if text is None:
        with answering(form, read, written=[]):
            end(read, err=True)
    with answering(form, report, written=[]):
        written = _write(path, text, report)
    if form == "json":
        tell_json(report, written=[shown_path(file) for file in written])
        return
    for file in written:
        click.echo(f"wrote {shown_path(file)}")
    click.echo(f"next: set the model, the data and the targets, then `llmc check {shlex.quote(str(path))}`")


def _write(path: Path, text: str, report: Report) -> list[Path]:
    schema = path.parent / _SCHEMA
    _create(path, text, report)
    if schema.exists():
        return [path]
    _create(schema, json.dumps(one_file(), indent=2, ensure_ascii=False) + "\n", report)
    return [path, schema]


def _text(path: Path, task: str, source: str | None, report: Report) -> str | None:
    """Give the spec's text; None where the spec to start from has errors."""
    origin = Path(source) if source else templates.FOLDER / "init" / f"{task}.yaml"
    # Paths of a template start where the new spec is; those of another spec are turned to start there.
    tree = load(origin, source or str(path), report)
    if tree is None or report.failed or not isinstance(tree.value, dict):
        return None
    values = substitute(tree, report).value
    assert isinstance(values, dict), "it was a mapping before"
    values = {name: node for name, node in values.items() if name not in WRITING}
    if "name" in values and (name := _name(path)):
        values["name"] = Node(name, values["name"].span, values["name"].key)
    completed = complete(Node(values, Span(str(path))), report)
    return None if report.failed else f"# yaml-language-server: $schema={_SCHEMA}\n{starter(completed, Schema.root())}"


def _name(path: Path) -> str:
    """Make the experiment's name of the file's, or of its folder's where the file is called experiment.yaml."""
    stem = path.resolve().parent.name if path.stem == "experiment" else path.stem
    return re.sub("[^a-z0-9]+", "-", stem.lower())[:63].strip("-")


def _create(path: Path, text: str, report: Report) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _refuse(report, "LLM424", f"cannot make the folder: {error.strerror or error}", path.parent)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        _refuse(report, "LLM423", "there is a file already", path)
    except OSError as error:
        _refuse(report, "LLM424", f"cannot write the file: {error.strerror or error}", path)


def _refuse(report: Report, code: str, message: str, path: Path) -> NoReturn:
    refuse(report, code, message, shown_path(path), help="give another path, or remove what is in the way")
