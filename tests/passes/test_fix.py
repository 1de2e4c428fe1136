"""`llmc check --fix`: what it corrects, and what it must leave alone."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from oracle import validator

from llmc.compiler.cli import check
from llmc.compiler.language.fixes import Fixed
from llmc.compiler.language.spelling import is_slip

SPEC = """\
llmc: 1   # the language
name: fix-me
task: sft
model: {name_or_path: ../m, dtype: fp32, adapter: {kind: lora, r: 8, alpha: 16, target_modules: [q_proj]}}
data: {train: {path: /d/a.jsonl, format: messages}, max_length: 64}
training:
  max_steps: 5
  global_batch_size: 4
  optimizer: {kind: adamw, learning_rate: 1e-3}  # tuned
deepspeed: {zero_stage: 1}
targets: {local: {slots: 2}}
"""


def run(folder: Path, *arguments: str, **files: str) -> Result:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    here = Path.cwd()
    os.chdir(folder)
    try:
        return CliRunner().invoke(check.command, list(arguments))
    finally:
        os.chdir(here)


CERTAIN = {
    "a slip": ("optimizer:", "optimiser:", "exp.yaml:9: LLM101 'optimiser' -> 'optimizer'"),
    "a letter too few": ("learning_rate:", "learning_rte:", "exp.yaml:9: LLM101 'learning_rte' -> 'learning_rate'"),
    "two letters the wrong way round": ("max_length", "max_lenght", "exp.yaml:5: LLM101 'max_lenght' -> 'max_length'"),
    "camel case": ("max_steps", "maxSteps", "exp.yaml:7: LLM101 'maxSteps' -> 'max_steps'"),
    "dashes": ("global_batch_size", "global-batch-size", "exp.yaml:8: LLM101 'global-batch-size' -> "),
    "a section": ("training:", "traning:", "exp.yaml:6: LLM101 'traning' -> 'training'"),
    "a discriminator": ("{kind: lora", "{knid: lora", "exp.yaml:4: LLM101 'knid' -> 'kind'"),
    "a quoted key": ("zero_stage: 1", '"zero_stge":1', "exp.yaml:10: LLM101 '\"zero_stge\"' -> '\"zero_stage\"'"),
    "a quoted number": ("1e-3", '"1e-3"', "exp.yaml:9: LLM103 '\"1e-3\"' -> '1e-3'"),
    "text that is a number": ("fix-me", "2024", "exp.yaml:2: LLM106 '2024' -> '\"2024\"'"),
    "two at once": ("learning_rate: 1e-3", "learningrate: '1e-3'", "exp.yaml:9: LLM103 ''1e-3'' -> '1e-3'"),
}


@pytest.mark.parametrize("name", CERTAIN)
def test_what_is_certain_is_corrected(name: str, tmp_path: Path) -> None:
    right, wrong, told = CERTAIN[name]
    done = run(tmp_path, "--fix", "exp.yaml", exp=SPEC.replace(right, wrong, 1))
    assert done.exit_code == 0, done.output
    assert told in done.output
    wanted = {"a quoted key": '"zero_stage":1', "text that is a number": '"2024"'}.get(name, right)
    assert (tmp_path / "exp.yaml").read_text() == SPEC.replace(right, wanted, 1)


LEFT = {
    "a value that is no choice": ("fp32", "fp23"),
    "no": ("fix-me", "no"),
    "another key by its last letter": ("max_length: 64", "max_length: 64, min_length: 3"),
    "a key of another section": ("max_steps: 5", "max_length: 5"),
    "a slip whose value is wrong": ("zero_stage: 1", "zero_stge: 9"),
    "two that would be one": ("max_steps: 5", "max_step: 5\n  maxsteps: 6"),
    "one that is there already": ("max_steps: 5", "max_steps: 5\n  max_step: 6"),
    "null for text": ("fix-me", "Null"),
    "a number by Python alone": ("1e-3", '"1_000"'),
    "a variable of the wrong type": ("1e-3}", '"${lr}"}\nvariables: {lr: "1e-3"}'),
    "a text of many lines": ("1e-3", '"1e\\\n    -3"'),
    "a key that is read no further": ("fix-me", "fix-me\n1: [[[[[*a"),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_not_certain_is_left(name: str, tmp_path: Path) -> None:
    right, wrong = LEFT[name]
    text = SPEC.replace(right, wrong, 1)
    done = run(tmp_path, "--fix", "exp.yaml", exp=text)
    assert done.exit_code == 1, done.output
    assert (tmp_path / "exp.yaml").read_text() == text
    assert "0 corrections made, then " in done.output


@pytest.mark.parametrize(
    ("word", "meant"), [("top_k", "top_p"), ("beta1", "betas"), ("min_lr", "max_lr"), ("lr_scheduler", "scheduler")]
)
def test_neighbouring_words_are_no_slips(word: str, meant: str) -> None:
    assert not is_slip(word, meant, [meant])


def test_a_slip_between_two_words_is_none() -> None:
    assert is_slip("max_stops", "max_steps", ["max_steps"])
    assert not is_slip("max_stops", "max_steps", ["max_steps", "max_shops"])


def test_bytes_around_stay(tmp_path: Path) -> None:
    text = SPEC.replace("optimizer", "optimiser").replace("tuned", "é 😀 optimiser").removesuffix("\n")
    raw = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    (tmp_path / "exp.yaml").write_bytes(raw)
    (tmp_path / "exp.yaml").chmod(0o600)
    (tmp_path / "link.yaml").symlink_to("exp.yaml")
    assert run(tmp_path, "--fix", "link.yaml").exit_code == 0
    assert (tmp_path / "exp.yaml").read_bytes() == raw.replace(b"optimiser:", b"optimizer:")
    assert (tmp_path / "exp.yaml").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "link.yaml").is_symlink()


def test_parents_are_corrected_once_and_overrides_never(tmp_path: Path) -> None:
    base, child = SPEC.replace("optimizer", "optimiser"), "extends: base.yaml\nname: child\n"
    files = {"base": base, "one": child, "two": child}
    done = run(tmp_path, "--fix", "one.yaml", f"{tmp_path}/two.yaml", "--set", "training.sede=3", **files)
    assert done.exit_code == 1
    assert (tmp_path / "base.yaml").read_text() == SPEC
    assert "--set training.sede=3:1:1: error[LLM101]" in done.output
    assert "LLM42" not in done.output


def test_keys_of_sweeps_are_left(tmp_path: Path) -> None:
    text = SPEC + "sweep: {grid: {training.optimiser: [{kind: adamw, learning_rate: 1}]}}\n"
    done = run(tmp_path, "--fix", "exp.yaml", exp=text)
    assert done.exit_code == 1
    assert (tmp_path / "exp.yaml").read_text() == text


@pytest.mark.parametrize("end", ["\n", ""])
def test_the_patch_makes_what_fix_makes(end: str, tmp_path: Path) -> None:
    wrong = SPEC.replace("optimizer", "optimiser").replace("targets:", "tragets:").removesuffix("\n") + end
    done = run(tmp_path, "--fix", "--diff", "exp.yaml", exp=wrong)
    assert done.exit_code == 1
    assert (tmp_path / "exp.yaml").read_text() == wrong
    patch = subprocess.run(["git", "apply", "-p0", "-"], cwd=tmp_path, input=done.stdout, text=True, check=False)
    assert patch.returncode == 0
    assert (tmp_path / "exp.yaml").read_text() == SPEC.removesuffix("\n") + end
    assert run(tmp_path, "--fix", "--diff", "exp.yaml").exit_code == 0
    assert run(tmp_path, "--diff", "exp.yaml").exit_code == 2


def test_json_says_what_was_corrected(tmp_path: Path) -> None:
    done = run(tmp_path, "--fix", "exp.yaml", "--format", "json", exp=SPEC.replace("optimizer", "optimiser"))
    answer = json.loads(done.stdout)
    validator("check.schema.json").validate(answer)
    place = {"file": "exp.yaml", "line": 9, "column": 3, "end_column": 12}
    assert answer["fixed"] == [place | {"code": "LLM101", "old": "optimiser", "new": "optimizer"}]
    assert [left["code"] for left in answer["diagnostics"]] == ["LLM230", "LLM213"]


@pytest.mark.parametrize("code", ["LLM420", "LLM421"])
def test_a_file_that_cannot_be_written_is_told(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, wrong = tmp_path / "exp.yaml", SPEC.replace("optimizer", "optimiser")

    def interrupted(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def meanwhile(look: object) -> Fixed:
        fixed = fix(look)
        spec.write_text(wrong + "# changed meanwhile\n")
        return fixed

    fix = check.fix
    monkeypatch.setattr(check, *(("write_atomically", interrupted) if code == "LLM421" else ("fix", meanwhile)))
    done = run(tmp_path, "--fix", "exp.yaml", exp=wrong)
    assert done.exit_code == 1
    assert f"exp.yaml:1:1: error[{code}]" in done.output
    assert spec.read_text().startswith(wrong)
