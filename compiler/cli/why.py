"""llmc why: where a value comes from, of the spec or of any artefact."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from llmc.compiler.bundle import manifest
from llmc.compiler.cli.common import answering, end, format_option, set_option, spec_argument, tell_json
from llmc.compiler.language.diagnostics import Report, Span
from llmc.compiler.language.experiment import Experiment, plain
from llmc.compiler.pipeline import Understood, bundle_of, understand

EXAMPLES = {
    "llmc why experiment.yaml training.seed": "who gave a value of the spec",
    "llmc why experiment.yaml local/deepspeed.json:gradient_accumulation_steps": "who gave a value of an artefact",
}


def _complete(ctx: click.Context, _: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the keys of the spec that is named before; where a target's name begins the word, those of artefacts."""
    spec = ctx.params.get("spec")
    understood = next(understand(Path(spec), str(spec), Report()), None) if spec else None
    if understood is None:
        return []
    keys = [key for key, _ in _paths(plain(understood.experiment.tree), "")]
    if any(typed.startswith(f"{name}/") for name in understood.experiment.targets):
        keys = [f"{file}:{key}" for file, rows in _origins(_files(understood)).items() for key in rows]
    return [CompletionItem(key) for key in keys if key.startswith(typed)]


@click.command("why")
@spec_argument
@click.argument("key", shell_complete=_complete)
@set_option
@format_option
def command(spec: Path, key: str, overrides: tuple[str, ...], form: str) -> None:
    """Say where the value of KEY comes from; of a sweep, in its first experiment.

    KEY is one of SPEC, such as training.seed, or one of an artefact, such as local/deepspeed.json:gradient_clipping.
    """
    report = Report()
    understood = next(understand(spec, str(spec), report, overrides), None)
    with answering(form, report, answer=None):
        if understood is None or report.failed:
            end(report, err=True)
    answer = _answer(understood, key)
    if form == "json":
        tell_json(report, answer=answer)
        return
    click.echo(f"{key} = {json.dumps(answer['value'], ensure_ascii=False)}")
    where = answer["place"]
    at = f"{where['file']}:{where['line']}:{where['column']}" if where else ""
    if ":" in key:
        click.echo(f"  {answer['origin']}{f' ({at})' if at else ''}")
    else:
        click.echo(f"  {answer['origin']}: {at or 'not in the spec'}")
    for name, place in answer["variables"].items():
        click.echo(f"  variable {name}: {place['file']}:{place['line']}:{place['column']}")


def _answer(understood: Understood, key: str) -> dict[str, Any]:
    """What is known of a key: its value, who gave it, where that stands, and the variables that are part of it."""
    if ":" in key:
        return {"key": key} | _of_artefact(understood.experiment, _files(understood), *key.split(":", 1))
    return {"key": key} | _of_spec(understood.experiment, key)


def _of_spec(experiment: Experiment, key: str) -> dict[str, Any]:
    node = experiment.node(key)
    known = [path for path, _ in _paths(plain(experiment.tree), "")]
    if key not in known:
        raise click.UsageError(f"the spec has no '{key}'{_meant(key, known)}")
    place = _place(node.span) if node.origin == "spec" else None
    return {"value": plain(node), "origin": node.origin, "place": place, "variables": _variables(experiment, key)}


def _of_artefact(experiment: Experiment, files: Mapping[str, bytes], path: str, key: str) -> dict[str, Any]:
    origins = _origins(files)
    if path not in origins:
        raise click.UsageError(f"the bundle has no artefact '{path}' with keys{_meant(path, list(origins))}")
    if key not in origins[path]:
        raise click.UsageError(f"{path} has no '{key}'{_meant(key, list(origins[path]))}")
    origin = origins[path][key]
    kind, _, source = origin.partition(": ")
    is_written = kind == "spec"
    return {
        "value": dict(_paths(json.loads(files[path]), ""))[key],
        "origin": origin,
        "place": _place(experiment.node(source).span) if is_written else None,
        "variables": _variables(experiment, source) if is_written else {},
    }


def _variables(experiment: Experiment, key: str) -> dict[str, Any]:
    """Where the variables that are part of a value were given their own."""
    return {name: _place(experiment.node(f"variables.{name}").span) for name in experiment.node(key).variables}


def _place(span: Span) -> dict[str, Any]:
    return {"file": span.file, "line": span.line, "column": span.column, "end_column": span.end_column}


def _files(understood: Understood) -> Mapping[str, bytes]:
    return bundle_of(understood).files


def _origins(files: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(files[manifest.FILE])["origins"]
    return found


def _paths(value: Any, prefix: str) -> list[tuple[str, Any]]:
    """Every key with its value, inner mappings as well."""
    if not isinstance(value, dict):
        return []
    found = []
    for name, child in value.items():
        path = f"{prefix}.{name}" if prefix else name
        found += [(path, child), *_paths(child, path)]
    return found


def _meant(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else ""
