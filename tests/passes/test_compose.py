"""Parents and overrides: what they make of a spec, and that everything is told at the place where it was written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.data import TrainingData
from llmc.compiler.language.sections.model import Lora
from llmc.compiler.pipeline import compile_spec, understand


@pytest.fixture
def family(tmp_path: Path, cases: Path) -> Path:
    """A project with a spec and its parents."""
    return Path(shutil.copytree(cases / "ok", tmp_path / "project")) / "family"


def understood(spec: Path, *overrides: str) -> Experiment:
    report = Report()
    results = list(understand(spec, "family/child.yaml", report, overrides))
    assert results, list(report)
    return results[0].experiment


def told(spec: Path, *overrides: str) -> list[tuple[str, str, int, int]]:
    report = Report()
    assert not list(understand(spec, "family/child.yaml", report, overrides))
    return [(d.code, d.span.file, d.span.line, d.span.column) for d in report]


def test_mappings_merge_and_everything_else_is_replaced(family: Path) -> None:
    experiment = understood(family / "child.yaml")
    adapter, training = experiment.model.adapter, experiment.training
    assert isinstance(adapter, Lora)
    assert (adapter.r, adapter.alpha, adapter.target_modules) == (8, 32, ["o_proj"])
    assert training is not None
    # Another kind of schedule: the parent's warm-up belonged to the cosine, and does not leak into it.
    assert (training.scheduler.kind, training.scheduler.warmup_ratio) == ("constant", None)


def test_paths_start_where_they_were_written(family: Path) -> None:
    experiment = understood(family / "child.yaml")
    assert isinstance(experiment.data, TrainingData)
    assert experiment.data.train.path == "../data/chats.jsonl"
    assert experiment.model.name_or_path == "./base/weights"
    assert experiment.model.tokenizer == "HuggingFaceTB/SmolLM2-135M-Instruct"


def test_mistakes_are_told_in_the_parent(family: Path) -> None:
    parent = family / "base/training.yaml"
    parent.write_text(parent.read_text().replace("max_length", "max_lenght"))
    assert told(family / "child.yaml") == [("LLM101", "family/base/training.yaml", 3, 3)]


def test_parents_that_disagree_are_a_conflict(family: Path) -> None:
    child = family / "child.yaml"
    child.write_text(child.read_text().replace("deepspeed: {zero_stage: 1}\n", ""))
    report = Report()
    assert not list(understand(child, "family/child.yaml", report))
    (conflict,) = report
    assert conflict.code == "LLM108"
    assert (conflict.span.file, conflict.span.line) == ("family/base/training.yaml", 9)
    assert (conflict.related[0].span.file, conflict.related[0].span.line) == ("family/base/model.yaml", 7)


def test_one_grandparent_twice_is_no_conflict(family: Path) -> None:
    (family / "base/root.yaml").write_text("notes: from the root\n")
    for name in ("model", "training"):
        path = family / f"base/{name}.yaml"
        path.write_text("extends: root.yaml\n" + path.read_text())
    assert understood(family / "child.yaml").notes == "from the root"


def test_circles_and_missing_parents_are_told(family: Path) -> None:
    (family / "base/model.yaml").write_text("extends: ../child.yaml\n")
    assert told(family / "child.yaml") == [("LLM107", "family/base/model.yaml", 1, 10)]
    (family / "base/model.yaml").unlink()
    assert told(family / "child.yaml") == [("LLM007", "family/child.yaml", 2, 11)]


@pytest.mark.parametrize(
    ("override", "edit"),
    [
        ("training.seed=7", ("  scheduler: {kind: constant}", "  scheduler: {kind: constant}\n  seed: 7")),
        ("training.optimizer.learning_rate=3e-5", ("training:\n", "training:\n  optimizer: {learning_rate: 3e-5}\n")),
        ("targets.local.slots=4", ("slots: 2", "slots: 4")),
        ("model.adapter.target_modules=[q_proj, k_proj]", ("[o_proj]", "[q_proj, k_proj]")),
        ("notes=", ("task: sft", "task: sft\nnotes:")),
    ],
)
def test_an_override_equals_an_edit(override: str, edit: tuple[str, str], family: Path) -> None:
    spec = family / "child.yaml"
    (overridden,) = compile_spec(spec, "child.yaml", Report(), None, [override])
    assert edit[0] in spec.read_text()
    spec.write_text(spec.read_text().replace(*edit))
    (edited,) = compile_spec(spec, "child.yaml", Report())
    assert overridden.files == edited.files


def test_mistakes_of_overrides_are_told_at_their_column(family: Path) -> None:
    spec = family / "child.yaml"
    assert told(spec, "training.sed=7") == [("LLM101", "--set training.sed=7", 1, 1)]
    assert told(spec, "training.seed=seven") == [("LLM103", "--set training.seed=seven", 1, 15)]
    assert told(spec, "training.seed") == [("LLM109", "--set training.seed", 1, 1)]
    # The value that stands there would be lost.
    assert told(spec, "training.seed=1", "training.seed.x=2") == [("LLM109", "--set training.seed.x=2", 1, 1)]
    assert told(spec, "data.packing=no") == [("LLM004", "--set data.packing=no", 1, 14)]
