"""`llmc diff`: what a change means, from specs, bundles and revisions."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from oracle import validator

from llmc import schemas
from llmc.compiler.cli.compile import command as compile_command
from llmc.compiler.cli.diff import command
from llmc.compiler.diff.changes import classes, kind_of
from llmc.compiler.language.schema import Schema

OK = sorted((Path(__file__).parent.parent / "cases/ok").glob("*.yaml"))


@pytest.fixture
def project(tmp_path: Path, cases: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(cases / "ok", tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def repository(project: Path) -> Path:
    """The project, committed; the test's own changes come on top."""
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        os.environ.setdefault(name, "test@example.org")
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-q", "-m", "first")
    return project


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


def diff(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def document(*arguments: str) -> list[dict[str, object]]:
    answer = json.loads(diff(*arguments, "--format", "json").stdout)
    validator("diff.schema.json").validate(answer)
    assert answer["diagnostics"] == []
    found: list[dict[str, object]] = answer["comparisons"]
    return found


def edited(spec: str, *edits: tuple[str, str]) -> str:
    text = Path(spec).read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    Path("new.yaml").write_text(text)
    return "new.yaml"


def _keys(schema: Schema, prefix: str) -> Iterator[str]:
    """Every key of the language that has no keys of its own."""
    inner = [*schema.variants.values(), *([schema.other_keys] if schema.other_keys else [])]
    for variant in inner:
        yield from _keys(variant, prefix)
    for name, child in schema.properties.items():
        below = list(_keys(child, f"{prefix}{name}."))
        yield from below or [f"{prefix}{name}"]


def test_every_key_of_the_language_has_a_class() -> None:
    table = schemas.load("catalog/changes.json")
    keys = set(_keys(Schema.root(), ""))
    assert {"training.optimizer.learning_rate", "data.train.path", "model.adapter.r"} <= keys
    meant = [key for key in sorted(keys) if key.split(".")[0] not in ("extends", "sweep", "variables")]
    used = {entry for key in meant for entry in table["spec"] if f"{key}.".startswith(f"{entry}.")}
    assert used == set(table["spec"])
    for key in meant:
        assert any(f"{key}.".startswith(f"{entry}.") for entry in used), key
    entries = [*table["spec"].values(), *(entry for rows in table["artefacts"].values() for entry in rows.values())]
    assert {entry["class"] for entry in entries} == set(table["classes"])
    assert all(entry["why"] for entry in entries)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("training.seed", "numerics"), ("model.dtype", "numerics"), ("data.max_length", "numerics"),
        ("training.optimizer.learning_rate", "numerics"), ("training.global_batch_size", "numerics"),
        ("training.micro_batch_size", "performance"), ("deepspeed.zero_stage", "performance"),
        ("training.gradient_checkpointing", "performance"), ("deepspeed.config.zero_optimization.x", "performance"),
        ("deepspeed.config.prescale_gradients", "numerics"), ("deepspeed.config.steps_per_print", "cosmetic"),
        ("targets.lab.slots", "infrastructure"), ("training.checkpoint.every_steps", "infrastructure"),
        ("notes", "cosmetic"), ("name", "cosmetic"),
    ],
)  # fmt: skip
def test_the_class_of_a_key(key: str, kind: str) -> None:
    assert kind_of(None, key) == kind


@pytest.mark.parametrize("spec", OK, ids=lambda path: path.stem)
def test_a_spec_is_its_own_bundle(spec: Path, project: Path) -> None:
    assert CliRunner().invoke(compile_command, [spec.name, "--out", "b"]).exit_code == 0
    (bundle,) = Path("b").iterdir()
    (project / "new.yaml").write_text("# a comment\n" + spec.read_text())
    if (lock := project / f"{spec.stem}.lock.json").exists():
        shutil.copy(lock, project / "new.lock.json")
    for one, other in ((spec.name, "new.yaml"), (spec.name, f"b/{bundle.name}"), (f"b/{bundle.name}", "new.yaml")):
        done = diff(one, other)
        assert done.exit_code == 0, done.output
        assert done.output.endswith(": no difference\n")


def test_each_change_is_sorted_and_followed(project: Path) -> None:
    new = edited(
        "sft-lora.yaml", ("1e-5", "2e-5"), ("micro_batch_size: 2", "micro_batch_size: 4"), ("{slots: 4}", "{slots: 2}"),
        ("Two lines", "Three lines"), ("packing: true", "packing: false"),
    )  # fmt: skip
    done = diff("sft-lora.yaml", new)
    assert done.exit_code == 1
    assert (
        done.output
        == """\
sft-lora: 6 changes, of numerics, performance, infrastructure, cosmetic
numerics: changes the result
  data.packing: true -> false  (new.yaml:16)
  training.optimizer.learning_rate: 1e-05 -> 2e-05  (new.yaml:21)
    also local/deepspeed.json: optimizer.params.lr
    also spare/deepspeed.json: optimizer.params.lr
performance: changes time and memory; the result stays the same up to rounding
  training.micro_batch_size: 2 -> 4  (new.yaml:20)
    also local/deepspeed.json: train_micro_batch_size_per_gpu
    also spare/deepspeed.json: train_micro_batch_size_per_gpu
  spare/deepspeed.json: gradient_accumulation_steps: 8 -> 4  (derived: training.global_batch_size, 16 = 4 x 4 x 1)
    also spare/run.json: training.gradient_accumulation_steps
infrastructure: changes where and how it runs
  targets.local.slots: 4 -> 2  (new.yaml:27)
    also local/run.json: launch.processes_per_node
cosmetic: changes what people see
  notes: "Two lines\\nfor the reviewer.\\n" -> "Three lines\\nfor the reviewer.\\n"  (new.yaml:4)
what follows:
  ranks on local: 4 -> 2
"""
    )


def test_the_content_of_data_is_compared(project: Path) -> None:
    shutil.copytree(project, "../old")
    with (project / "data/chats.jsonl").open("a") as file:
        file.write("\n")
    (one,) = document("../old/sft-lora.yaml", "sft-lora.yaml")
    (change,) = one["changes"]  # type: ignore[misc]
    assert change["file"] == "inputs"
    assert change["class"] == "numerics"
    assert change["key"] == "data/chats.jsonl"
    assert change["new"]["value"] == f"sha256:{hashlib.sha256(Path('data/chats.jsonl').read_bytes()).hexdigest()}"


def test_tokens_are_counted_where_every_sequence_is_full(project: Path) -> None:
    new = edited("pretrain.yaml", ("max_length: 128", "max_length: 64"))
    (one,) = document("pretrain.yaml", new)
    # The file says global_batch_size 8 and max_steps 500.
    assert one["facts"] == [
        {"what": "tokens per step", "old": 8 * 128, "new": 8 * 64},
        {"what": "tokens in all", "old": 8 * 128 * 500, "new": 8 * 64 * 500},
    ]
    packed = edited("sft-lora.yaml", ("max_length: 1024", "max_length: 512"))
    assert document("sft-lora.yaml", packed)[0]["facts"] == []


@pytest.mark.parametrize("pair", list(pairwise(OK)), ids=lambda pair: f"{pair[0].stem}-{pair[1].stem}")
def test_the_other_way_round_is_the_mirror(pair: tuple[Path, Path], project: Path) -> None:
    there, back = (document(one.name, other.name) for one, other in (pair, pair[::-1]))
    ours, theirs = (
        {(c["class"], c["file"], c["key"]): (json.dumps(c[old]), json.dumps(c[new])) for c in found[0]["changes"]}  # type: ignore[attr-defined]
        for found, old, new in ((there, "old", "new"), (back, "new", "old"))
    )
    assert ours == theirs
    assert ours


def test_sweeps_are_compared_by_name(project: Path) -> None:
    Path("old.yaml").write_text("extends: pretrain.yaml\nsweep: {grid: {training.seed: [1, 2]}}\n")
    Path("new.yaml").write_text("extends: pretrain.yaml\nsweep: {grid: {training.seed: [1, 5, 6]}}\n")
    found = document("old.yaml", "new.yaml")
    names = [(one["old"], one["new"], [change["key"] for change in one["changes"]]) for one in found]  # type: ignore[attr-defined]
    assert names == [
        ("pretrain-1", "pretrain-1", []),
        ("pretrain-2", "pretrain-2", ["training.seed"]),
        (None, "pretrain-3", []),
    ]


def test_revisions_are_read_without_a_checkout(repository: Path) -> None:
    Path("child.yaml").write_text("extends: sft-lora.yaml\nname: child\n")
    git("add", "-A")
    git("commit", "-q", "-m", "a child")
    edited("sft-lora.yaml", ("1e-5", "2e-5"))
    Path("new.yaml").rename("sft-lora.yaml")
    git("commit", "-q", "-a", "-m", "faster")
    Path("sft-lora.yaml").write_text("broken: [")
    before = git("status", "--porcelain")

    done = diff("HEAD~1..HEAD", "child.yaml", "infer.yaml")
    assert done.exit_code == 1
    assert "  training.optimizer.learning_rate: 1e-05 -> 2e-05  (sft-lora.yaml:21)\n" in done.output
    assert "infer: no difference\n" in done.output
    assert diff("HEAD~1:sft-lora.yaml", "HEAD:./sft-lora.yaml").exit_code == 1
    assert diff("HEAD~2..HEAD", "child.yaml").output == "child: new\n"
    assert git("status", "--porcelain") == before


def test_three_dots_start_where_the_two_parted(repository: Path) -> None:
    git("checkout", "-q", "-b", "side")
    git("commit", "-q", "--allow-empty", "-m", "nothing")
    git("checkout", "-q", "main")
    edited("infer.yaml", ("temperature: 0.7", "temperature: 0.1"))
    Path("new.yaml").rename("infer.yaml")
    git("commit", "-q", "-a", "-m", "colder")
    assert diff("main..side", "infer.yaml").exit_code == 1
    assert diff("main...side", "infer.yaml").exit_code == 0


def test_a_path_is_the_one_from_here(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("deep").mkdir()
    Path("deep/child.yaml").write_text("extends: ../sft-lora.yaml\nname: child\n")
    git("add", "-A")
    git("commit", "-q", "-m", "deep")
    monkeypatch.chdir("deep")
    assert diff("HEAD..HEAD", "child.yaml").output == "child: no difference\n"
    assert diff("HEAD:./child.yaml", "child.yaml").output == "child: no difference\n"
    assert diff("HEAD:deep/child.yaml", "../deep/child.yaml").output == "child: no difference\n"


def test_data_outside_of_git_is_no_obstacle(repository: Path) -> None:
    git("rm", "-q", "--cached", "-r", "data")
    git("commit", "-q", "-m", "data is elsewhere")
    new = edited("sft-lora.yaml", ("slots: 4", "slots: 2"))
    (one,) = document("HEAD:sft-lora.yaml", new)
    assert one["artefacts_compared"]
    keys = [change["key"] for change in one["changes"]]  # type: ignore[attr-defined]
    assert keys == ["gradient_accumulation_steps", "targets.local.slots"]


def test_a_pointer_of_git_lfs_stands_for_its_file(repository: Path) -> None:
    data = Path("data/chats.jsonl")
    content = data.read_bytes()
    oid = hashlib.sha256(content).hexdigest()
    data.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n")
    git("commit", "-q", "-a", "-m", "pointer")
    data.write_bytes(content)
    assert diff("HEAD:sft-lora.yaml", "sft-lora.yaml").exit_code == 0


def test_an_error_found_by_a_check_leaves_the_specs_to_compare(project: Path) -> None:
    new = edited("sft-lora.yaml", ("global_batch_size: 16", "global_batch_size: 17"))
    (one,) = document("sft-lora.yaml", new)
    assert not one["artefacts_compared"]
    assert [change["key"] for change in one["changes"]] == ["training.global_batch_size"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("sides", "told"),
    [
        (["HEAD:nowhere.yaml", "infer.yaml"], "there is no nowhere.yaml in HEAD"),
        (["nobody:infer.yaml", "infer.yaml"], "there is no revision 'nobody'"),
        (["--all:infer.yaml", "infer.yaml"], "there is no revision '--all'"),
        (["HEAD..HEAD", "nowhere.yaml"], "there is no nowhere.yaml in HEAD nor in HEAD"),
        (["data", "infer.yaml"], "data is no whole bundle"),
        (["link.yaml", "HEAD:link.yaml"], "there is no link.yaml in HEAD"),
        (["nowhere.yaml", "infer.yaml"], "cannot read nowhere.yaml"),
        (["wrong.yaml", "infer.yaml"], "unknown key 'trainig'"),
    ],
)
def test_sides_that_cannot_be_read_are_diagnosed(sides: list[str], told: str, repository: Path) -> None:
    Path("link.yaml").symlink_to("infer.yaml")
    git("add", "link.yaml")
    git("commit", "-q", "-m", "a link")
    edited("sft-lora.yaml", ("training:", "trainig:"))
    Path("new.yaml").rename("wrong.yaml")
    done = diff("--", *sides)
    assert done.exit_code == 1, done.output
    assert told in done.stderr
    assert "error[LLM" in done.stderr
    assert done.stdout == ""


def test_outside_of_a_repository_it_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    assert "not a git repository" in diff("HEAD:infer.yaml", "infer.yaml").stderr
    assert diff("infer.yaml").exit_code == 2
    monkeypatch.setenv("PATH", "/nowhere")
    assert "git is not installed" in diff("HEAD:infer.yaml", "infer.yaml").stderr


def test_a_comment_holds_nothing_alive(project: Path) -> None:
    token = "hf_" + "abcDEF0123" * 3
    new = edited("sft-lora.yaml", ("Two lines", f"@everyone `code` | <b> {token}"), ("1e-5", "2e-5"))
    page = diff("sft-lora.yaml", new, "--format", "markdown").output
    assert "| `training.optimizer.learning_rate` | `1e-05` | `2e-05` |\n" in page
    (row,) = [line for line in page.splitlines() if line.startswith("| `notes`")]
    assert row.startswith(
        r"""| `notes` | `"Two lines\nfor the reviewer.\n"` | `"@everyone 'code' \| <b> **************"""
    )
    for form in ("text", "json", "markdown"):
        assert token not in diff("sft-lora.yaml", new, "--format", form).output


def test_the_weightiest_class_comes_first() -> None:
    assert list(classes()) == ["numerics", "performance", "infrastructure", "cosmetic"]
