"""The committed experiments: their builds are what their specs compile to today."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from llmc.compiler.bundle.writer import compare
from llmc.compiler.cli.lock import command as lock
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import compile_spec

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "experiments").glob("*/*.yaml"))


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_committed_builds_are_current(spec: Path) -> None:
    report = Report()
    bundles = compile_spec(spec, str(spec), report)
    assert list(report) == []
    (bundle,) = bundles
    changes = compare(bundle)
    assert not changes, changes


def test_the_committed_lock_is_what_is_found_out_today() -> None:
    done = CliRunner().invoke(lock, [str(ROOT / "experiments/from-scratch/experiment.yaml"), "--check", "--fresh"])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_editors_find_the_schema(spec: Path) -> None:
    modeline = spec.read_text().splitlines()[0]
    assert modeline.startswith("# yaml-language-server: $schema=")
    assert (spec.parent / modeline.partition("=")[2]).resolve() == ROOT / "schemas/experiment.schema.json"
