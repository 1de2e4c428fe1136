"""What other programs get from the commands: JSON in the shape of its schema, and what a shell completes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from oracle import validator

from llmc.compiler.cli import main

# Commands that print no page: a script for a shell, and a document that is JSON already.
NO_PAGE = {"completion", "schema"}
LLMC = [sys.executable, "-m", "llmc.compiler.cli"]


@pytest.fixture
def project(tmp_path: Path, cases: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(cases / "ok", tmp_path / "project")
    shutil.copy(cases / "err/LLM101-typo-third.yaml", tmp_path / "project/wrong.yaml")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def command(name: str) -> click.Command:
    found = main.group.get_command(click.Context(main.group), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", [name for name in main._COMMANDS if name not in NO_PAGE])
def test_every_command_that_prints_a_page_prints_json(name: str) -> None:
    choices = [option.type.choices for option in command(name).params if option.name == "form"]
    assert choices
    assert "json" in choices[0]


ANSWERS: dict[str, tuple[list[str], str, int]] = {
    "check": (["check", "wrong.yaml", "infer.yaml"], "check", 1),
    "check and correct": (["check", "--fix", "wrong.yaml"], "check", 0),
    "compile": (["compile", "infer.yaml"], "compile", 0),
    "compile, refused": (["compile", "edited.yaml"], "compile", 1),
    "compile a wrong spec": (["compile", "wrong.yaml"], "compile", 1),
    "diff": (["diff", "infer.yaml", "pretrain.yaml"], "diff", 1),
    "diff with a wrong spec": (["diff", "infer.yaml", "wrong.yaml"], "diff", 1),
    "explain": (["explain", "llm101"], "explain", 0),
    "explain all": (["explain"], "explain", 0),
    "init": (["init", "new.yaml"], "init", 0),
    "init, refused": (["init", "infer.yaml"], "init", 1),
    "plan": (["plan", "sft-lora.yaml"], "plan", 0),
    "plan inference": (["plan", "infer.yaml"], "plan", 0),
    "plan a sweep": (["plan", "sweep.yaml"], "plan", 0),
    "plan a wrong spec": (["plan", "wrong.yaml"], "plan", 1),
    "run": (["run", "infer.yaml", "--dry-run"], "dry_run", 0),
    "run, refused": (["run", "--dry-run"], "dry_run", 1),
    "why": (["why", "variables.yaml", "training.optimizer.learning_rate"], "why", 0),
    "why of a default": (["why", "sft-lora.yaml", "training.seed"], "why", 0),
    "why of an artefact": (["why", "sft-lora.yaml", "local/deepspeed.json:optimizer.params.lr"], "why", 0),
    "why in a wrong spec": (["why", "wrong.yaml", "training.seed"], "why", 1),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_json_keeps_its_schema(name: str, project: Path) -> None:
    arguments, schema, status = ANSWERS[name]
    Path("sweep.yaml").write_text("extends: pretrain.yaml\nsweep: {grid: {training.seed: [1, 2]}}\n")
    Path("edited.yaml").write_text("extends: infer.yaml\nname: edited\n")
    Path("build/edited").mkdir(parents=True)
    Path("build/edited/PLAN.md").write_text("mine")
    done = CliRunner().invoke(command(arguments[0]), [*arguments[1:], "--format", "json"])
    assert done.exit_code == status, done.output
    answer = json.loads(done.stdout)
    validator(f"{schema}.schema.json").validate(answer)
    errors = [d for d in answer.get("diagnostics", ()) if d["severity"] == "error"]
    assert bool(errors) == (status == 1 and name != "diff")


def answer(*arguments: str) -> Any:
    return json.loads(CliRunner().invoke(command(arguments[0]), [*arguments[1:], "--format", "json"]).stdout)


def test_the_answers_are_those_of_the_text(project: Path) -> None:
    (planned,) = answer("plan", "sft-lora.yaml")["experiments"]
    local = planned["targets"][0]
    # 16 sequences a step on 4 ranks with a micro batch of 2, as the file says, leave an accumulation of 2.
    assert (local["ranks"], local["batch"]["total"], local["batch"]["accumulation"]) == (4, 16, 2)
    assert planned["page"] == CliRunner().invoke(command("plan"), ["sft-lora.yaml"]).stdout
    assert planned["defaults"]["training.seed"] == 42
    why = answer("why", "variables.yaml", "training.optimizer.learning_rate")["answer"]
    (line,) = [text for text in Path("variables.yaml").read_text().splitlines() if "rate:" in text and "$" not in text]
    assert why["variables"]["rate"]["line"] == Path("variables.yaml").read_text().splitlines().index(line) + 1
    started = answer("run", "infer.yaml", "--dry-run")
    assert started["command"][-3:] == ["llmc.runtime", "run", "build/infer/local"]
    assert (started["bundle"], started["target"]) == ("build/infer", "local")


def test_a_real_run_prints_no_json(project: Path) -> None:
    assert CliRunner().invoke(command("run"), ["infer.yaml", "--format", "json"]).exit_code == 2


# -- completion ---------------------------------------------------------------------------------------------------


def completed(*words: str) -> list[str]:
    """What zsh is offered for the last of the words, by click's protocol: type, value and help, a line each."""
    asked = {"_LLMC_COMPLETE": "zsh_complete", "COMP_WORDS": " ".join(["llmc", *words]), "COMP_CWORD": str(len(words))}
    done = subprocess.run(LLMC, env=os.environ | asked, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.splitlines()[1::3]


def test_a_shell_completes_commands_keys_and_codes(project: Path) -> None:
    assert completed("comp") == ["compile", "completion"]
    assert "--fix" in completed("check", "--f")
    assert completed("why", "sft-lora.yaml", "training.opt") == [
        "training.optimizer", "training.optimizer.kind", "training.optimizer.learning_rate",
        "training.optimizer.betas", "training.optimizer.eps", "training.optimizer.weight_decay",
    ]  # fmt: skip
    assert completed("why", "sft-lora.yaml", "local/deepspeed.json:optimizer.params.l") == [
        "local/deepspeed.json:optimizer.params.lr"
    ]
    assert completed("why", "wrong.yaml", "tr") == []
    assert completed("why", "nowhere.yaml", "tr") == []
    assert {"LLM101", "LLM102"} <= set(completed("explain", "llm10"))
    assert completed("init", "--task", "p") == ["pretrain"]


def test_help_comes_with_a_code() -> None:
    asked = {"_LLMC_COMPLETE": "fish_complete", "COMP_WORDS": "llmc explain ", "COMP_CWORD": "LLM003"}
    done = subprocess.run(LLMC, env=os.environ | asked, capture_output=True, text=True, check=True)
    assert done.stdout == "plain,LLM003\tA key stands twice in one mapping.\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(shell: str) -> None:
    done = subprocess.run([*LLMC, "completion", shell], capture_output=True, text=True, check=True)
    assert f"_LLMC_COMPLETE={shell}_complete" in done.stdout
    assert "llmc" in done.stdout


def test_bash_takes_its_script(project: Path, tmp_path: Path) -> None:
    (tmp_path / "llmc").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m llmc.compiler.cli "$@"\n')
    (tmp_path / "llmc").chmod(0o755)
    ask = """
eval "$(llmc completion bash)"
COMP_WORDS=(llmc why sft-lora.yaml training.see) COMP_CWORD=3
_llmc_completion llmc
printf '%s\n' "${COMPREPLY[@]}"
"""
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", ask], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "training.seed\n"
