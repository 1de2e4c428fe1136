"""Sweeps: which experiments they make, and where their mistakes are told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from llmc.compiler.cli.compile import command as compile_command
from llmc.compiler.cli.plan import command as plan_command
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import compile_spec, understand


@pytest.fixture
def project(tmp_path: Path, cases: Path) -> Path:
    return Path(shutil.copytree(cases / "ok", tmp_path / "project"))


def sweep(project: Path, text: str) -> Path:
    spec = project / "exp.yaml"
    spec.write_text((project / "sft-lora.yaml").read_text() + f"sweep: {text}\n")
    return spec


def variants(spec: Path) -> list[tuple[str, str | None]]:
    report = Report()
    found = [(one.experiment.name, one.experiment.variant) for one in understand(spec, "exp.yaml", report)]
    assert [d for d in report if d.code != "LLM230"] == []  # there is no lock
    return found


def told(spec: Path) -> list[tuple[str, int, int]]:
    report = Report()
    list(understand(spec, "exp.yaml", report))
    return [(d.code, d.span.line, d.span.column) for d in report if d.code != "LLM230"]


def test_a_grid_is_every_combination_by_sorted_keys(project: Path) -> None:
    spec = sweep(project, "{grid: {training.seed: [1, 2], model.adapter.r: [8, 16]}}")
    assert variants(spec) == [
        ("sft-lora-1", "1 of 4: model.adapter.r = 8, training.seed = 1"),
        ("sft-lora-2", "2 of 4: model.adapter.r = 8, training.seed = 2"),
        ("sft-lora-3", "3 of 4: model.adapter.r = 16, training.seed = 1"),
        ("sft-lora-4", "4 of 4: model.adapter.r = 16, training.seed = 2"),
    ]


def test_zip_goes_in_step_and_list_one_by_one(project: Path) -> None:
    zipped = sweep(project, "{zip: {training.seed: [1, 2], model.adapter.r: [8, 16]}}")
    assert [told for _, told in variants(zipped)] == [
        "1 of 2: model.adapter.r = 8, training.seed = 1",
        "2 of 2: model.adapter.r = 16, training.seed = 2",
    ]
    listed = sweep(project, "{list: [{training.seed: 5}, {model.adapter.r: 4, deepspeed.zero_stage: 1}]}")
    assert [told for _, told in variants(listed)] == [
        "1 of 2: training.seed = 5",
        "2 of 2: deepspeed.zero_stage = 1, model.adapter.r = 4",
    ]


def test_ways_multiply(project: Path) -> None:
    spec = sweep(project, "{grid: {training.seed: [1, 2, 3]}, list: [{model.adapter.r: 4}, {model.adapter.r: 8}]}")
    assert len(variants(spec)) == 6


def test_each_experiment_is_what_an_edit_would_be(project: Path) -> None:
    spec = sweep(project, "{grid: {training.optimizer.learning_rate: [1e-4, 2e-4]}}")
    first, second = compile_spec(spec, "exp.yaml", Report())
    assert (first.folder.name, second.folder.name) == ("sft-lora-1", "sft-lora-2")
    edited = project / "edited.yaml"
    text = (project / "sft-lora.yaml").read_text()
    edited.write_text(text.replace("name: sft-lora", "name: sft-lora-2").replace("1e-5", "2e-4"))
    (same,) = compile_spec(edited, "edited.yaml", Report())
    for path in ("local/deepspeed.json", "local/run.json"):
        assert second.files[path] == same.files[path]
    assert b"| Sweep | 2 of 2: training.optimizer.learning_rate = 0.0002 |" in second.files["PLAN.md"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{grid: {training.sed: [1]}}", [("LLM101", 29, 16)]),
        ("{grid: {training.seed: [1, -1]}}", [("LLM104", 29, 35)]),
        ("{grid: {training.global_batch_size: [16, 12]}}", [("LLM201", 29, 49)]),
        ("{zip: {training.seed: [1, 2], model.adapter.r: [8]}}", [("LLM110", 29, 15)]),
        ("{grid: {training..seed: [1]}}", [("LLM110", 29, 16)]),
        ("{grid: {training.micro_batch_size.x: [1]}}", [("LLM110", 29, 16)]),
        ("{gird: {training.seed: [1]}}", [("LLM101", 29, 9)]),
        ("{grid: {training.seed: 1}}", [("LLM103", 29, 31)]),
        ("{}", [("LLM102", 29, 1)]),
    ],
)
def test_mistakes_are_told_in_the_sweep(text: str, expected: list[tuple[str, int, int]], project: Path) -> None:
    assert told(sweep(project, text)) == expected


def test_too_many_experiments_are_refused_at_once(project: Path) -> None:
    many = ", ".join(str(number) for number in range(400))
    spec = sweep(project, f"{{grid: {{training.seed: [{many}], model.adapter.r: [{many}]}}}}")
    assert ("LLM110", 29, 1) in told(spec)


def test_compile_writes_all_and_plan_lists_them(project: Path) -> None:
    spec = str(sweep(project, "{grid: {training.seed: [1, 2]}}"))
    listed = CliRunner().invoke(plan_command, [spec])
    assert listed.stdout == "sft-lora-1  1 of 2: training.seed = 1\nsft-lora-2  2 of 2: training.seed = 2\n"
    assert CliRunner().invoke(compile_command, [spec]).exit_code == 0
    assert sorted(path.name for path in (project / "build").iterdir()) == ["sft-lora-1", "sft-lora-2"]
    assert CliRunner().invoke(compile_command, [spec, "--check"]).exit_code == 0
