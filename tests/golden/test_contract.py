"""The contract from both ends: what the compiler writes, the runtime reads, and the schema describes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from oracle import validator

from llmc.compiler.bundle.writer import Bundle, write
from llmc.compiler.bundle.writer import compare as changes_of
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import compile_spec
from llmc.runtime.bundle import load
from llmc.runtime.contract import read_run
from llmc.runtime.refusal import Refusal

ROOT = Path(__file__).parents[2]
SPECS = [*sorted((ROOT / "tests/cases/ok").glob("*.yaml")), *sorted((ROOT / "experiments").glob("*/*.yaml"))]


def written(spec: Path, tmp_path: Path) -> Bundle:
    (bundle,) = compile_spec(spec, spec.name, Report(), tmp_path)
    write(bundle, changes_of(bundle))
    return bundle


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_runtime_reads_what_the_compiler_writes(spec: Path, tmp_path: Path) -> None:
    bundle = written(spec, tmp_path)
    for path in bundle.folder.glob("*/run.json"):
        content = json.loads(path.read_text())
        validator("run.schema.json").validate(content)
        assert as_json(read_run(path)) == content
        assert load(path.parent).digest == json.loads(bundle.files["manifest.json"])["digest"]


def as_json(run: Any) -> Any:
    return json.loads(msgspec.json.encode(run))


@pytest.mark.parametrize("spec", SPECS[:2], ids=lambda path: path.stem)
def test_neither_takes_a_key_that_the_other_does_not_know(spec: Path, tmp_path: Path) -> None:
    bundle = written(spec, tmp_path)
    path = next(bundle.folder.glob("*/run.json"))
    content = json.loads(path.read_text())
    for place in (content, content["model"], content["launch"]):
        place["surprise"] = 1
        path.write_text(json.dumps(content))
        assert not validator("run.schema.json").is_valid(content)
        with pytest.raises(Refusal, match="LLM505"):
            read_run(path)
        del place["surprise"]
