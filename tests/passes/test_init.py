"""`llmc init`: what it writes compiles, explains every key, and overwrites nothing."""

from __future__ import annotations

import json
import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from llmc import templates
from llmc.compiler.cli.init import command
from llmc.compiler.cli.schema import one_file
from llmc.compiler.diff.changes import compare
from llmc.compiler.diff.meaning import of_spec
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.schema import Schema
from llmc.compiler.language.source import parse
from llmc.compiler.language.validate import complete
from llmc.compiler.pipeline import compile_spec

TASKS = list(Schema.root().variants)
OK = sorted((Path(__file__).parent.parent / "cases/ok").glob("*.yaml"))
_COMMENTED = re.compile(r"^( *)#(?=[a-z_]+: )", re.MULTILINE)


@pytest.fixture
def here(tmp_path: Path, cases: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("train.jsonl", "train.txt", "preferences.jsonl", "prompts.jsonl"):
        shutil.copy(cases / "ok/data/chats.jsonl", tmp_path / "data" / name)
    return tmp_path


def init(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def test_there_is_a_template_for_each_task() -> None:
    assert sorted(path.stem for path in (templates.FOLDER / "init").glob("*")) == sorted(TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_what_is_written_compiles(task: str, here: Path) -> None:
    assert init("my-first.yaml", "--task", task).exit_code == 0
    report = Report()
    bundles = compile_spec(here / "my-first.yaml", "my-first.yaml", report)
    # What the runtime cannot run yet is told of every spec that asks for it, this one as well.
    assert {d.code for d in report if d.severity != "info"} <= {"LLM406"}
    assert [bundle.folder.name for bundle in bundles] == ([] if report.failed else ["my-first"])


@pytest.mark.parametrize("task", TASKS)
def test_every_key_is_there_and_explained(task: str, here: Path) -> None:
    assert init("--task", task).exit_code == 0
    lines = (here / "experiment.yaml").read_text().splitlines()
    assert lines[0] == "# yaml-language-server: $schema=llmc.schema.json"
    assert json.loads((here / "llmc.schema.json").read_text()) == one_file()
    keys = [re.fullmatch(r"#?([a-z_]+):( .*)?", line) for line in lines]
    assert [key[1] for key in keys if key] == list(Schema.root().variants[task].properties)
    for above, line in pairwise(lines):
        if re.match(r" *#?[a-z_]+:", line):
            assert re.match(r" *# [A-Z`]| *# .*", above), line


@pytest.mark.parametrize("task", TASKS)
def test_each_comment_is_a_key_that_may_be_given(task: str, here: Path) -> None:
    assert init("--task", task).exit_code == 0
    text = (here / "experiment.yaml").read_text()
    places = [match for match in _COMMENTED.finditer(text) if not text[match.end() :].startswith("extends")]
    assert len(places) > 20
    for place in places:
        report = Report()
        tree = parse(text[: place.start()] + place[1] + text[place.end() :], "experiment.yaml", report)
        assert tree is not None
        complete(tree, report)
        assert not report.failed, [d.message for d in report]


@pytest.mark.parametrize("spec", OK, ids=lambda path: path.stem)
def test_from_another_spec_it_means_the_same(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(spec.parent, tmp_path / "ok")
    monkeypatch.chdir(tmp_path / "ok")
    assert init(f"{spec.stem}-again.yaml", "--from", spec.name).exit_code == 0
    report = Report()
    old, new = (of_spec(Path(name), name, report) for name in (spec.name, f"{spec.stem}-again.yaml"))
    assert not report.failed
    (one,) = compare(old, new)
    assert {change.key for change in one.changes} <= {"name", "lock"}


def test_from_another_folder_its_paths_lead_to_the_same_files(here: Path, cases: Path) -> None:
    shutil.copytree(cases / "ok", here / "ok")
    assert init("deep/er/new.yaml", "--from", "ok/sft-lora.yaml").exit_code == 0
    assert "path: ../../ok/data/chats.jsonl\n" in (here / "deep/er/new.yaml").read_text()
    report = Report()
    assert compile_spec(here / "deep/er/new.yaml", "deep/er/new.yaml", report)


def test_nothing_is_overwritten(here: Path) -> None:
    (here / "experiment.yaml").write_text("mine")
    done = init()
    assert done.exit_code == 1
    assert "experiment.yaml:1:1: error[LLM423]" in done.stderr
    assert (here / "experiment.yaml").read_text() == "mine"
    (here / "llmc.schema.json").write_text("mine too")
    assert init("other.yaml").exit_code == 0
    assert (here / "llmc.schema.json").read_text() == "mine too"
    assert "error[LLM424]" in init("experiment.yaml/inside.yaml").stderr


def test_the_name_is_the_files_or_the_folders(here: Path) -> None:
    assert init("Über Größe_2.yaml").exit_code == 0
    assert "\nname: ber-gr-e-2\n" in (here / "Über Größe_2.yaml").read_text()
    assert init("my-router/experiment.yaml").exit_code == 0
    assert "\nname: my-router\n" in (here / "my-router/experiment.yaml").read_text()
    assert init("2024.yaml").exit_code == 0
    assert '\nname: "2024"\n' in (here / "2024.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--from", "wrong.yaml"], 1, "unknown key 'trainig'"),
        (["--from", "nowhere.yaml"], 1, "cannot read nowhere.yaml"),
        (["--from", "wrong.yaml", "--task", "sft"], 2, "give one of them"),
        (["--task", "cooking"], 2, "is not one of"),
    ],
)
def test_wrong_ways_to_start(arguments: list[str], status: int, told: str, here: Path, cases: Path) -> None:
    text = (cases / "ok/sft-lora.yaml").read_text()
    (here / "wrong.yaml").write_text(text.replace("training:", "trainig:"))
    done = init(*arguments)
    assert done.exit_code == status
    assert told in done.stderr
    assert not (here / "experiment.yaml").exists()
