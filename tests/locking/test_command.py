"""llmc lock as people and scripts use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from locking import worlds
from locking.conftest import Project
from oracle import validator

from llmc.compiler.bundle.render import canonical
from llmc.compiler.cli.lock import command
from llmc.compiler.facts.data_card import Tokens
from llmc.compiler.facts.known import gather
from llmc.compiler.facts.lock import read_lock
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import read, understand


def test_the_lock_keeps_its_schema_and_its_layout(project: Project) -> None:
    content = project.content()
    validator("lockfile.schema.json").validate(content)
    assert project.lock.read_bytes() == canonical(content)
    assert not list(project.folder.glob(".exp*")), "nothing half-written stays"


def test_it_says_what_it_found_and_what_comes_next(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)
    done = CliRunner().invoke(command, ["exp.yaml"])
    assert done.stdout == (
        "exp.lock.json: written\n"
        "  ./model has 84 parameters\n"
        "  data/train.jsonl has 3 rows and 11 tokens\n"
        "next: commit exp.lock.json, then `llmc compile exp.yaml`\n"
    )
    assert CliRunner().invoke(command, ["exp.yaml"]).stdout.startswith("exp.lock.json: up to date\n")


def test_compiling_needs_no_more_than_the_lock(project: Project) -> None:
    project.content()
    report = Report()
    (one,) = understand(project.spec, "exp.yaml", report)
    assert list(report) == []
    model, tokenizer = one.facts.model(one.experiment), one.facts.tokenizer(one.experiment)
    assert model is not None
    assert tokenizer is not None
    assert (model.parameters, model.max_position_embeddings) == (84, 64)
    assert tokenizer.eos is not None
    assert tokenizer.eos.id == 2
    tokens = one.facts.data(one.experiment)["data.train.path"].tokens
    assert tokens is not None
    assert tokens.total == 11


def test_what_has_not_changed_is_not_written(project: Project) -> None:
    project.content()
    before = project.lock.stat().st_mtime_ns, project.lock.read_bytes()
    project.content()
    assert (project.lock.stat().st_mtime_ns, project.lock.read_bytes()) == before


def test_the_same_bytes_in_any_surroundings(project: Project) -> None:
    outcomes = []
    for seed, zone, folder in (("1", "Asia/Tokyo", project.folder), ("2", "America/Lima", Path("/"))):
        project.lock.unlink(missing_ok=True)
        variables = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone, "USER": zone}
        arguments = [sys.executable, "-m", "llmc.compiler.cli", "lock", str(project.spec)]
        subprocess.run(arguments, cwd=folder, env=variables, check=True, capture_output=True)
        outcomes.append(project.lock.read_bytes())
    assert outcomes[0] == outcomes[1]
    for word in (str(project.folder), "Tokyo", "Lima"):
        assert word not in outcomes[0].decode()


def test_check_shows_the_difference_and_writes_nothing(project: Project) -> None:
    missing = project.run("--check")
    assert missing.exit_code == 1
    assert not project.lock.exists()
    project.content()
    assert project.run("--check").exit_code == 0
    before = project.lock.read_bytes()
    project.rows([{"prompt": "a", "completion": "b"}])
    stale = project.run("--check")
    assert stale.exit_code == 1
    assert {'-      "rows": 3,', '+      "rows": 1,'} < set(stale.stdout.splitlines())
    assert f"would change; run `llmc lock {project.spec}`" in stale.stdout
    assert project.lock.read_bytes() == before


def test_json_keeps_its_schema(project: Project) -> None:
    for arguments in (["--check"], [], ["--check"]):
        answer = json.loads(project.run("--format", "json", *arguments).stdout)
        validator("lock.schema.json").validate(answer)
        (lock,) = answer["locks"]
        assert lock["known"] is True
        assert lock["written"] == (arguments == [])
    assert lock["difference"] == []
    project.spec.write_text("llmc: 1\n")
    answer = json.loads(project.run("--format", "json").stdout)
    validator("lock.schema.json").validate(answer)
    assert answer["locks"][0]["known"] is False
    assert answer["diagnostics"]


@pytest.mark.parametrize("content", ["{", '{"lock": 2, "mine": "by hand"}', "<<<<<<< HEAD\n"])
@pytest.mark.parametrize("arguments", [[], ["--fresh"], ["--check"]])
def test_a_lock_that_cannot_be_read_is_never_lost(content: str, arguments: list[str], project: Project) -> None:
    project.lock.write_text(content)
    done = project.run(*arguments)
    assert done.exit_code == 1
    assert "exp.lock.json:1:" in done.stderr
    assert "error[LLM234]" in done.stderr
    assert project.lock.read_text() == content


def test_a_full_disk_leaves_the_old_lock(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.content()
    before = project.lock.read_bytes()
    project.rows([{"prompt": "a", "completion": "b"}])

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = project.run()
    assert done.exit_code == 1
    assert "error[LLM403]: cannot write the lock: No space left on device" in done.stderr
    assert "not written" in done.stdout
    assert project.lock.read_bytes() == before


def test_something_in_the_way_of_the_lock_is_told(project: Project) -> None:
    project.lock.mkdir()
    assert "cannot read the lock: Is a directory" in project.refused("LLM234")


def test_a_broken_spec_is_told_and_the_next_is_locked(project: Project, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("llmc: [")
    done = CliRunner().invoke(command, [str(broken), str(project.spec)])
    assert done.exit_code == 1
    assert "broken.yaml:2:1: error[LLM001]" in done.stderr
    assert project.lock.exists()
    assert not (tmp_path / "broken.lock.json").exists()


def test_a_spec_that_checks_refuse_can_be_locked(project: Project) -> None:
    # Checks may need the lock to be right, so the lock does not wait for them.
    project.write("global_batch_size: 4", "global_batch_size: 3")
    assert "./model" in project.content()["models"]


def test_what_fails_does_not_lose_what_was_found_out(project: Project) -> None:
    (project.folder / "model/config.json").unlink()
    done = project.run()
    assert done.exit_code == 1
    assert "5:17: error[LLM411]: ./model holds no config.json, so it is no model" in done.stderr
    content = json.loads(project.lock.read_text())
    assert content["models"] == {}
    assert content["data"]["data/train.jsonl"]["rows"] == 3
    assert "next:" not in done.stdout


def test_entries_that_the_spec_no_longer_names_go(project: Project) -> None:
    worlds.write(project.folder / "other", worlds.model_files())
    project.write(model="./other")
    assert list(project.content()["models"]) == ["./other"]
    project.write()
    assert list(project.content()["models"]) == ["./model"]


def test_a_new_model_without_anything_outside_needs_no_lock(tmp_path: Path, cases: Path) -> None:
    text = (cases / "ok/pretrain.yaml").read_text()
    spec = tmp_path / "exp.yaml"
    spec.write_text(text)
    worlds.write(tmp_path, {path.relative_to(cases / "ok").as_posix(): path.read_bytes() for path in
                            (cases / "ok").rglob("*") if path.is_file()})  # fmt: skip
    done = CliRunner().invoke(command, [str(spec)])
    assert "Traceback" not in done.output


@pytest.mark.parametrize("arguments", [[], ["--colour"]])
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(command, arguments).exit_code == 2


def test_a_tokenizer_of_another_place_is_an_entry_of_its_own(project: Project) -> None:
    files = {name: content for name, content in worlds.model_files(bos=True).items() if "tokenizer" in name}
    worlds.write(project.folder / "tokenizer", files)
    project.write("  dtype: bf16", "  dtype: bf16\n  tokenizer: ./tokenizer")
    content = project.content()
    assert content["models"]["./tokenizer"]["config"] is None
    (count,) = content["data"]["data/train.jsonl"]["tokens"]
    assert count["tokenizer"] == content["models"]["./tokenizer"]["tokenizer"]["digest"]
    assert count["total"] == 14
    report = Report()
    (one,) = understand(project.spec, "exp.yaml", report)
    assert list(report) == []
    assert one.facts.data(one.experiment)["data.train.path"].tokens is not None
    worlds.write(project.folder, {"tokenizer/tokenizer_config.json": b"{}"})
    list(understand(project.spec, "exp.yaml", report))
    assert [d.code for d in report] == ["LLM233"]


def test_an_edited_template_makes_counts_unknown(project: Project) -> None:
    project.rows([{"messages": [{"role": "user", "content": "a"}]}])
    worlds.write(project.folder, {"chat.jinja": b"a b"})
    project.write("  dtype: bf16", "  dtype: bf16\n  chat_template: chat.jinja", form="messages")
    project.content()
    assert tokens_of(project) is not None
    worlds.write(project.folder, {"chat.jinja": b"a b c"})
    assert tokens_of(project) is None


def tokens_of(project: Project) -> Tokens | None:
    """What compiling knows of the tokens, whether or not the runtime can run such a spec yet."""
    report = Report()
    (experiment,) = read(project.spec, "exp.yaml", report)
    facts = gather(project.folder, read_lock(project.spec, "exp.yaml", report))
    assert list(report) == []
    return facts.data(experiment)["data.train.path"].tokens
