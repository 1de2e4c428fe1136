"""The catalogue of doomed jobs: each is caught by a check that exists, or it says why none can."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from llmc import schemas
from llmc.compiler.checks import all_checks
from llmc.compiler.facts.stack import default_stack
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import compile_spec

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/cases"
FAMILIES = sorted((schemas.FOLDER / "catalog/doomed").glob("*.json"))
ROWS: list[dict[str, Any]] = [row for path in FAMILIES for row in json.loads(path.read_text())]
VERSION = default_stack().versions["deepspeed"]
ASSERTS = schemas.load(f"deepspeed/{VERSION}/asserts.json")


@cache
def codes() -> set[str]:
    """The codes that a spec can be told, and that have a case."""
    known = {str(module.CODE) for module in all_checks()} | set(schemas.load("codes/language.json"))
    return known & {path.stem.split("-")[0] for path in (CASES / "err").glob("*.yaml")}


def assert_verdict(name: str, verdict: dict[str, Any]) -> None:
    kinds = [kind for kind in ("check", "unreachable", "undecidable") if kind in verdict]
    assert len(kinds) == 1, f"{name} needs one verdict"
    if kinds == ["check"]:
        named = {verdict["check"], *verdict.get("also", [])}
        assert named <= codes(), f"{name}: {named - codes()} is no code with a case"
    else:
        assert len(verdict[kinds[0]]) > 20, f"{name} does not say why"


def test_ids_are_given_once() -> None:
    ids = [row["id"] for row in ROWS]
    assert sorted(ids) == sorted(set(ids))


def test_each_has_a_verdict() -> None:
    for row in ROWS:
        assert set(row) == {"id", "title", "source", "verdict"}
        assert row["title"], row["id"]
        assert row["source"], row["id"]
        assert_verdict(row["id"], row["verdict"])


def written(spec: str, *overrides: str) -> dict[str, Any]:
    path = CASES / "ok" / f"{spec}.yaml"
    (bundle,) = compile_spec(path, path.name, Report(), None, overrides)
    config: dict[str, Any] = json.loads(bundle.files["local/deepspeed.json"])
    return config


@pytest.mark.parametrize("stage", [0, 1, 2, 3])
@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_what_cannot_happen_is_written_so(stage: int, dtype: str) -> None:
    config = written("sft-lora", f"deepspeed.zero_stage={stage}", f"model.dtype={dtype}")
    assert "train_batch_size" not in config  # DJ003
    assert config["gradient_clipping"] == 1.0  # DJ015
    assert config["bf16"].get("check_grad_overflow") == (True if dtype == "bf16" else None)  # DJ016
    assert "scheduler" not in config


def test_what_is_refused_for_now_is_still_refused() -> None:
    """A reason can be that the runtime cannot do a thing yet; whoever teaches it that looks at those rows again."""
    named = {row["verdict"]["refused"]: row["id"] for row in ROWS if "refused" in row["verdict"]}
    named |= {reason["refused"]: name for name, reason in ASSERTS["reasons"].items() if "refused" in reason}
    refused = {rule["path"] for rule in schemas.load("catalog/runtime.json")["refused"]}
    assert {path: row for path, row in named.items() if path not in refused} == {}


def test_each_assertion_of_deepspeed_has_a_verdict() -> None:
    for row in ASSERTS["asserts"]:
        verdict = dict(row["verdict"])
        for kind in ("unreachable", "undecidable"):
            if kind in verdict:
                verdict[kind] = ASSERTS["reasons"][verdict[kind]]["why"]
        assert_verdict(row["id"], verdict)


def test_every_reason_is_used() -> None:
    used = {row["verdict"].get(kind) for row in ASSERTS["asserts"] for kind in ("unreachable", "undecidable")}
    assert used - {None} == set(ASSERTS["reasons"])


def test_the_assertions_stand_where_they_are_said_to() -> None:
    spec = importlib.util.find_spec("deepspeed")  # finds, and does not import
    assert spec
    assert spec.origin
    package = Path(spec.origin).parent
    lines: dict[str, list[str]] = {}
    for row in ASSERTS["asserts"]:
        text = lines.setdefault(row["file"], (package.parent / row["file"]).read_text().splitlines())
        assert text[row["line"] - 1].strip().startswith(("assert", "raise")), f"{row['id']} {row['file']}:{row['line']}"
