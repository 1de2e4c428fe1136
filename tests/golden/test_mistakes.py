"""The table of benchmarks/mistakes: llmc's column is measured again here, the others are what results.json says."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parents[2] / "benchmarks" / "mistakes"
ROWS = json.loads((HERE / "rows.json").read_text())
RESULTS = json.loads((HERE / "results.json").read_text())


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


run = load(HERE / "run.py")
LLMC = run.about("llmc")["mistakes"]


def read(config: Path) -> dict[str, Any]:
    """What the driver would print of llmc, without a process for it."""
    adapter = load(HERE / "peers" / "llmc" / "adapter.py")
    try:
        return {"understood": adapter.parse(config.name), "output": ""}
    except adapter.Diagnostics as refusal:
        return {"refused": str(refusal), "output": ""}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The valid spec, in a folder of its own."""
    shutil.copytree(HERE / "peers" / "llmc" / "base", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config.yaml"


def test_the_valid_spec_is_valid(config: Path) -> None:
    assert "understood" in read(config)


@pytest.mark.parametrize("row", ROWS)
def test_llmc_catches_every_mistake_with_line_and_suggestion(row: str, config: Path) -> None:
    mistake = LLMC[row]
    line = run.spoil(config, mistake)
    found = {**read(config), "line": line}
    judged = run.judge(mistake, found, {"output": ""})
    wanted = "understood" if "right" in mistake else "rejects + line + suggestion"
    assert judged["outcome"] == wanted == RESULTS["llmc"]["rows"][row]["outcome"], judged
    if "code" in mistake:
        # Of this mistake, at its line, with a help that is not only the message.
        told = next(part for part in found["refused"].split("\n\n") if f":{line}:" in part.splitlines()[0])
        assert f"error[{mistake['code']}]" in told.splitlines()[0]
        assert "  = help: " in told
    else:
        assert row == "exponent", "only a number is read right"


def test_the_readme_shows_the_results() -> None:
    text = (HERE / "README.md").read_text()
    assert run.with_table(text, RESULTS) == text


def test_every_peer_was_measured_as_pinned() -> None:
    assert list(RESULTS) == run.peers()
    for name in run.peers():
        assert list(RESULTS[name]["rows"]) == list(run.about(name)["mistakes"]), name
        assert RESULTS[name]["version"] == run.about(name).get("version"), name


@pytest.mark.parametrize("name", run.peers())
def test_every_mistake_can_be_made(name: str, tmp_path: Path) -> None:
    peer = run.about(name)
    assert set(peer["mistakes"]) <= set(ROWS)
    for row, mistake in peer["mistakes"].items():
        work = tmp_path / row
        shutil.copytree(HERE / "peers" / name / "base", work)
        file = work / mistake.get("file", next(work.glob("config.*")).name)
        before = file.read_text()
        assert run.spoil(file, mistake) >= 1
        assert file.read_text() != before
    for step in peer["install"][:1] if len(peer["install"]) > 1 else []:
        assert step == "torch==2.13.0", "torch first, or CUDA comes"


@pytest.mark.parametrize(
    ("message", "meant", "outcome"),
    [
        ("unknown keys ['zero_stge']", "zero_stage", "rejects"),
        ("did you mean 'zero_stage'?", "zero_stage", "rejects + suggestion"),
        ("zero_stage_2 is no key", "zero_stage", "rejects"),
        ('duplicate key in "config.yaml", line 7, column 3', None, "rejects + line"),
        ("config.yaml:7:3: must be at least 1", None, "rejects + line + suggestion"),
        ("line 70 is fine", None, "rejects"),
    ],
)
def test_judging_is_by_what_was_said(message: str, meant: str | None, outcome: str) -> None:
    mistake = {"look": "a"} | ({"meant": meant} if meant else {})
    assert run.judge(mistake, {"refused": message, "line": 7}, {})["outcome"] == outcome


def test_what_is_accepted_is_silent_warned_of_or_understood() -> None:
    mistake = {"look": "a.b", "names": "bb", "right": 1e-05}
    base = {"output": "unknown device bb"}
    found = {"understood": {"a": {"b": "1e-5"}}, "output": "unknown device bb", "line": 1}
    assert run.judge(mistake, found, base)["outcome"] == "silent"
    assert run.judge(mistake, found | {"output": "unknown key bb ignored"}, base)["outcome"] == "warns"
    assert run.judge(mistake, found | {"understood": {"a": {"b": 1e-05}}}, base)["outcome"] == "understood"
