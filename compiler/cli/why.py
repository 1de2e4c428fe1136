"""llmc why: where a value comes from, of the spec or of any artefact."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

import click

from llmc.compiler.bundle import manifest
from llmc.compiler.cli.common import end, set_option, spec_argument
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.experiment import Experiment, plain
from llmc.compiler.pipeline import bundle_of, understand


@click.command("why")
@spec_argument
@click.argument("key")
@set_option
def command(spec: Path, key: str, overrides: tuple[str, ...]) -> None:
    """Say where the value of KEY comes from; of a sweep, in its first experiment.

    KEY is one of SPEC, such as training.seed, or one of an artefact, such as local/deepspeed.json:gradient_clipping.
    """
    report = Report()
    understood = next(understand(spec, str(spec), report, overrides), None)
    if understood is None or report.failed:
        end(report, err=True)
    if ":" not in key:
        click.echo(_of_spec(understood.experiment, key))
        return
    click.echo(_of_artefact(understood.experiment, bundle_of(understood).files, *key.split(":", 1)))


def _of_spec(experiment: Experiment, key: str) -> str:
    node = experiment.node(key)
    known = [path for path, _ in _paths(plain(experiment.tree), "")]
    if key not in known:
        raise click.UsageError(f"the spec has no '{key}'{_meant(key, known)}")
    where = f"{node.span.file}:{node.span.line}:{node.span.column}" if node.origin == "spec" else "not in the spec"
    told = f"{key} = {json.dumps(plain(node), ensure_ascii=False)}\n  {node.origin}: {where}"
    return told + "".join(_variable(experiment, name) for name in node.variables)


def _variable(experiment: Experiment, name: str) -> str:
    """Where a variable that is part of a value was given its own."""
    node = experiment.node(f"variables.{name}")
    return f"\n  variable {name}: {node.span.file}:{node.span.line}:{node.span.column}"


def _of_artefact(experiment: Experiment, files: Any, path: str, key: str) -> str:
    origins = json.loads(files[manifest.FILE])["origins"]
    if path not in origins:
        raise click.UsageError(f"the bundle has no artefact '{path}' with keys{_meant(path, list(origins))}")
    if key not in origins[path]:
        raise click.UsageError(f"{path} has no '{key}'{_meant(key, list(origins[path]))}")
    value = dict(_paths(json.loads(files[path]), ""))[key]
    origin = origins[path][key]
    told = f"{path}:{key} = {json.dumps(value, ensure_ascii=False)}\n  {origin}"
    kind, _, source = origin.partition(": ")
    if kind == "spec":
        span = experiment.node(source).span
        told += f" ({span.file}:{span.line}:{span.column})"
    return told


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
