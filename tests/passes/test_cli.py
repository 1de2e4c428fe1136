"""The commands as people and scripts use them."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from oracle import validator

from llmc.compiler.cli.explain import pages


@pytest.fixture
def project(tmp_path: Path, cases: Path) -> Path:
    return Path(shutil.copytree(cases / "ok", tmp_path / "project"))


def llmc(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "llmc.compiler.cli", *arguments]
    return subprocess.run(command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_check_exits_by_what_it_finds(project: Path, cases: Path) -> None:
    assert llmc("check", "sft-lora.yaml", "infer.yaml", cwd=project).returncode == 0
    wrong = cases / "err" / "LLM101-typo-third.yaml"
    done = llmc("check", "sft-lora.yaml", str(wrong), cwd=project)
    assert done.returncode == 1
    assert f"{wrong}:21:28: error[LLM101]: unknown key 'learning_rte'" in done.stdout
    assert done.stderr == "1 error, 1 info\n`llmc check --fix` corrects 1 of them\n"


TEN_WRONG = {
    # what is wrong: (the edit of a right spec, where it must be told, the code)
    "typo at the top": (("training:", "trainig:"), "17:1", "LLM101"),
    "typo one level down": (("max_length:", "max_lenght:"), "15:3", "LLM101"),
    "typo two levels down": (("learning_rate:", "learning_rte:"), "21:28", "LLM101"),
    "wrong type": (("epochs: 1", "epochs: three"), "18:11", "LLM103"),
    "duplicate key": (("  packing: true", "  packing: true\n  packing: false"), "17:3", "LLM003"),
    "negative batch": (("global_batch_size: 16", "global_batch_size: -2"), "19:22", "LLM104"),
    "a float for text": (("revision: 12fd25f77366fa6b3b4b768ec3050bf629380bac", "revision: 1e-5"), "9:13", "LLM106"),
    "no": (("packing: true", "packing: no"), "16:12", "LLM004"),
    "missing file": (("data/chats.jsonl", "data/chat.jsonl"), "13:17", "LLM205"),
    "bomb": (("notes: |", "notes: &a [*a, *a]\nnothing: |"), "4:8", "LLM005"),
    "deep nest": (("notes: |", "notes: " + "[" * 5000 + "\nnothing: |"), "4:39", "LLM006"),
}


@pytest.mark.parametrize("name", TEN_WRONG)
def test_wrong_specs_exit_1_at_their_place_within_a_second(name: str, project: Path) -> None:
    (old, new), place, code = TEN_WRONG[name]
    spec = project / "exp.yaml"
    text = (project / "sft-lora.yaml").read_text()
    assert old in text
    spec.write_text(text.replace(old, new, 1))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = llmc("compile", "exp.yaml", cwd=project)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 1
    assert f"exp.yaml:{place}: error[{code}]" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / "build").exists()
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0


def test_a_learning_rate_without_a_dot_is_a_number(project: Path) -> None:
    assert "learning_rate: 1e-5" in (project / "sft-lora.yaml").read_text()
    assert llmc("compile", "sft-lora.yaml", cwd=project).returncode == 0
    config = json.loads((project / "build/sft-lora/local/deepspeed.json").read_text())
    assert config["optimizer"]["params"]["lr"] == 0.00001


def test_check_json_keeps_its_schema(project: Path, cases: Path) -> None:
    for wrong in sorted((cases / "err").glob("LLM[01]*.yaml"))[::5]:
        done = llmc("check", str(wrong), "--format", "json", cwd=project)
        answer = json.loads(done.stdout)
        validator("check.schema.json").validate(answer)
        assert answer["diagnostics"]


def test_warnings_are_no_errors(project: Path, cases: Path) -> None:
    done = llmc("check", str(cases / "err/LLM212-no-revision.yaml"), cwd=project)
    assert done.returncode == 0
    assert done.stderr == "1 warning, 1 info\n"


@pytest.mark.parametrize("name", ["nowhere.yaml", "."])
def test_unreadable_specs_are_diagnosed(name: str, project: Path) -> None:
    done = llmc("compile", name, cwd=project)
    assert done.returncode == 1
    assert f"{name}:1:1: error[LLM007]: cannot read {name}" in done.stderr


@pytest.mark.parametrize(
    "arguments", [["chek"], ["compile"], ["check", "--colour"], ["explain", "LLM999"], ["run", "--bogus"]]
)
def test_wrong_usage_exits_2(arguments: list[str], project: Path) -> None:
    done = llmc(*arguments, cwd=project)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_compile_then_check_then_edit(project: Path) -> None:
    first = llmc("compile", "sft-lora.yaml", cwd=project)
    assert first.returncode == 0
    assert first.stdout.startswith("build/sft-lora: wrote 8 of 8 files\n")
    assert "build/sft-lora: nothing to do" in llmc("compile", "sft-lora.yaml", cwd=project).stdout
    assert llmc("compile", "sft-lora.yaml", "--check", cwd=project).returncode == 0

    spec = project / "sft-lora.yaml"
    spec.write_text(spec.read_text().replace("1e-5", "2e-5"))
    stale = llmc("compile", "sft-lora.yaml", "--check", cwd=project)
    assert stale.returncode == 1
    assert '+      "lr": 2e-05,' in stale.stdout
    refused = llmc("run", "sft-lora.yaml", "--target", "local", "--dry-run", cwd=project)
    assert refused.returncode == 1
    assert "error[LLM402]" in refused.stderr

    assert llmc("compile", "sft-lora.yaml", cwd=project).returncode == 0
    plan = project / "build/sft-lora/PLAN.md"
    plan.write_text(plan.read_text() + "looks good\n")
    by_hand = llmc("compile", "sft-lora.yaml", cwd=project)
    assert by_hand.returncode == 1
    assert "error[LLM401]" in by_hand.stderr
    assert plan.read_text().endswith("looks good\n")


def test_compile_json_keeps_its_schema(project: Path) -> None:
    answer = json.loads(llmc("compile", "infer.yaml", "--format", "json", cwd=project).stdout)
    validator("compile.schema.json").validate(answer)
    (bundle,) = answer["bundles"]
    assert bundle["folder"] == "build/infer"
    assert bundle["written"] == ["PLAN.md", "local/launch.sh", "local/run.json", "manifest.json"]
    again = json.loads(llmc("compile", "infer.yaml", "--format", "json", cwd=project).stdout)
    assert again["bundles"][0]["written"] == []


def test_a_bundle_that_cannot_be_written_is_diagnosed(project: Path) -> None:
    (project / "build").write_text("in the way")
    done = llmc("compile", "infer.yaml", cwd=project)
    assert done.returncode == 1
    assert "error[LLM403]" in done.stderr


def test_something_in_the_way_of_the_bundle_is_diagnosed(project: Path) -> None:
    (project / "build/infer/PLAN.md").mkdir(parents=True)
    for arguments in (["compile", "infer.yaml"], ["compile", "infer.yaml", "--check"], ["run", "infer.yaml"]):
        done = llmc(*arguments, cwd=project)
        assert done.returncode == 1
        assert "build/infer/PLAN.md:1:1: error[LLM403]" in done.stderr


def test_a_full_disk_behind_the_output_is_no_traceback(project: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "llmc.compiler.cli", "plan", "pretrain.yaml"]
        done = subprocess.run(command, cwd=project, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "llmc: output: No space left on device\n"


def test_hints_can_be_pasted(project: Path) -> None:
    (project / "infer.yaml").rename(project / "my exp.yaml")
    assert "then `llmc run 'my exp.yaml'`" in llmc("compile", "my exp.yaml", cwd=project).stdout


def test_plan_prints_and_writes_nothing(project: Path) -> None:
    done = llmc("plan", "sft-lora.yaml", cwd=project)
    assert done.returncode == 0
    assert "Global batch 16 = micro batch 2 × accumulation 2 × 4 ranks." in done.stdout
    assert "> Two lines\n> for the reviewer." in done.stdout
    assert not (project / "build").exists()


def test_run_finds_the_one_experiment_here(project: Path) -> None:
    several = llmc("run", "--dry-run", cwd=project)
    assert several.returncode == 1
    names = ", ".join(path.name for path in sorted(project.glob("*.yaml")))
    assert f"several experiments here: {names}" in several.stderr
    (project / "infer.yaml").rename(project / "experiment.yaml")
    only = llmc("run", "--dry-run", cwd=project)
    assert only.returncode == 0, only.stderr
    assert only.stdout.splitlines()[-1].endswith("-m llmc.runtime run build/infer/local")


def test_run_asks_for_the_target_where_there_are_several(project: Path) -> None:
    open_ = llmc("run", "sft-lora.yaml", "--dry-run", cwd=project)
    assert open_.returncode == 1
    assert "several targets in build/sft-lora: there is local, spare" in open_.stderr
    wrong = llmc("run", "build/sft-lora", "--target", "cloud", "--dry-run", cwd=project)
    assert wrong.returncode == 1
    assert "no target 'cloud'" in wrong.stderr
    right = llmc("run", "build/sft-lora", "--target", "spare", "--dry-run", cwd=project)
    assert right.stdout.endswith("-m llmc.runtime run build/sft-lora/spare\n")


@pytest.mark.parametrize("manifest", ["", "[]", '{"outputs": 3}', "{}"])
def test_run_survives_a_broken_manifest(manifest: str, project: Path) -> None:
    (project / "broken").mkdir()
    (project / "broken/manifest.json").write_text(manifest)
    done = llmc("run", "broken", cwd=project)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_explain_knows_every_code_that_is_told(cases: Path, project: Path) -> None:
    listed = llmc("explain", cwd=project).stdout
    codes = {path.stem.split("-")[0] for path in (cases / "err").glob("*.yaml")}
    assert codes <= {line.split()[0] for line in listed.splitlines()}
    assert "Source: deepspeed" in llmc("explain", "llm201", cwd=project).stdout
    for code, page in pages().items():
        assert "Why: " in page, code
        assert "Fix: " in page, code


def test_colour_only_on_a_terminal(project: Path, cases: Path) -> None:
    done = llmc("check", str(cases / "err/LLM104-rank-zero.yaml"), cwd=project)
    assert "\x1b" not in done.stdout
