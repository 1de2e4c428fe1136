"""Bundles: the same bytes everywhere, written atomically, never over somebody's work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from oracle import validator

from llmc.compiler.bundle import writer
from llmc.compiler.bundle.render import canonical, compact_digest, digest
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import compile_spec

OK = sorted((Path(__file__).parent.parent / "cases/ok").glob("*.yaml"))


@pytest.fixture
def project(tmp_path: Path, cases: Path) -> Path:
    """A project of one's own with the right specs."""
    return Path(shutil.copytree(cases / "ok", tmp_path / "project"))


def bundle_of(spec: Path) -> writer.Bundle:
    report = Report()
    bundles = compile_spec(spec, spec.name, report)
    assert bundles, list(report)
    (bundle,) = bundles
    return bundle


def write(bundle: writer.Bundle) -> None:
    writer.write(bundle, writer.compare(bundle))


@pytest.mark.parametrize("spec", OK, ids=lambda path: path.stem)
def test_run_json_keeps_the_contract(spec: Path) -> None:
    files = bundle_of(spec).files
    runs = [path for path in files if path.endswith("/run.json")]
    assert runs
    for path in runs:
        validator("run.schema.json").validate(json.loads(files[path]))


@pytest.mark.parametrize("spec", OK, ids=lambda path: path.stem)
def test_manifest_lists_every_file_and_value(spec: Path) -> None:
    bundle = bundle_of(spec)
    manifest = json.loads(bundle.files["manifest.json"])
    others = {path: digest(content) for path, content in bundle.files.items() if path != "manifest.json"}
    assert manifest["outputs"] == others
    assert manifest.pop("digest") == compact_digest(manifest)
    for path, origins in manifest["origins"].items():
        assert set(origins) == set(_keys(json.loads(bundle.files[path])))


def _keys(value: object, prefix: str = "") -> list[str]:
    if not isinstance(value, dict) or not value:
        return [prefix]
    return [key for name, child in value.items() for key in _keys(child, f"{prefix}.{name}" if prefix else name)]


@pytest.mark.parametrize("spec", OK, ids=lambda path: path.stem)
def test_no_auto_and_no_place_of_this_machine(spec: Path) -> None:
    for path, content in bundle_of(spec).files.items():
        assert b'"auto"' not in content, path
        assert str(spec.parent).encode() not in content, path


def test_same_bytes_in_any_surroundings(project: Path) -> None:
    surroundings = [
        {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LANG": "C", "HOME": "/nowhere", "USER": "a"},
        {"PYTHONHASHSEED": "2", "TZ": "America/Lima", "LANG": "C.UTF-8", "HOME": "/tmp", "USER": "b"},
    ]
    outcomes = []
    for environment in surroundings:
        shutil.rmtree(project / "build", ignore_errors=True)
        command = [sys.executable, "-m", "llmc.compiler.cli", "compile", str(project / "sft-lora.yaml")]
        cwd = project if environment["USER"] == "a" else Path("/")
        subprocess.run(
            command, env={"PATH": os.environ["PATH"], **environment}, cwd=cwd, check=True, capture_output=True
        )
        outcomes.append({path: path.read_bytes() for path in (project / "build").rglob("*") if path.is_file()})
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0]) == 8  # the plan, the manifest, and three files for each of two targets


def test_second_write_does_nothing(project: Path) -> None:
    bundle = bundle_of(project / "sft-lora.yaml")
    write(bundle)
    before = {path: path.stat().st_mtime_ns for path in bundle.folder.rglob("*")}
    assert not writer.compare(bundle)
    write(bundle)
    assert {path: path.stat().st_mtime_ns for path in bundle.folder.rglob("*")} == before


def test_one_value_changes_only_its_lines(project: Path) -> None:
    spec = project / "sft-lora.yaml"
    old = bundle_of(spec).files
    spec.write_text(spec.read_text().replace("learning_rate: 1e-5", "learning_rate: 3e-5"))
    new = bundle_of(spec).files
    changed = {
        path: [(a, b) for a, b in zip(old[path].splitlines(), new[path].splitlines(), strict=True) if a != b]
        for path in old
        if old[path] != new[path]
    }
    assert {path for path in changed if not path.endswith(".json")} == {"PLAN.md"}
    for path in ("local/deepspeed.json", "local/run.json", "spare/deepspeed.json", "spare/run.json"):
        assert len(changed[path]) == 1
        assert b"1e-05" in changed[path][0][0]
        assert b"3e-05" in changed[path][0][1]
    assert len(changed["PLAN.md"]) == 1
    # In the manifest: its own digest, the experiment's, and those of the five files above.
    assert all(b"sha256:" in line for pair in changed["manifest.json"] for line in pair)
    assert len(changed["manifest.json"]) == 7


def test_work_by_hand_is_not_overwritten(project: Path) -> None:
    bundle = bundle_of(project / "sft-lora.yaml")
    write(bundle)
    edited = bundle.folder / "local/deepspeed.json"
    edited.write_text(edited.read_text().replace("1e-05", "2e-05"))
    assert writer.compare(bundle).edited == ["local/deepspeed.json"]


def test_removed_target_takes_its_files_with_it(project: Path) -> None:
    spec = project / "sft-lora.yaml"
    write(bundle_of(spec))
    stranger = bundle_of(spec).folder / "spare/notes.txt"
    stranger.write_text("mine")
    spec.write_text("\n".join(line for line in spec.read_text().splitlines() if "spare:" not in line) + "\n")
    bundle = bundle_of(spec)
    assert writer.compare(bundle).removed == ["spare/deepspeed.json", "spare/launch.sh", "spare/run.json"]
    write(bundle)
    assert sorted(path.name for path in (bundle.folder / "spare").iterdir()) == ["notes.txt"]
    assert stranger.read_text() == "mine"


def test_a_forged_manifest_deletes_nothing_outside(project: Path) -> None:
    bundle = bundle_of(project / "infer.yaml")
    victim = project / "data/pairs.jsonl"
    bundle.folder.mkdir(parents=True)
    forged = {"outputs": {"../../data/pairs.jsonl": digest(victim.read_bytes()), str(victim): "sha256:0"}}
    (bundle.folder / "manifest.json").write_text(json.dumps(forged))
    write(bundle)
    assert victim.exists()


def test_a_failed_write_leaves_the_old_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = bundle_of(project / "infer.yaml")
    write(bundle)
    target = bundle.folder / "PLAN.md"
    before = target.read_bytes()
    target.write_bytes(before + b"x")
    monkeypatch.setattr(os, "fsync", _full_disk)
    with pytest.raises(OSError, match="No space"):
        write(bundle)
    assert target.read_bytes() == before + b"x"
    assert [path for path in bundle.folder.iterdir() if path.name.startswith(".")] == []


def _full_disk(handle: int) -> None:
    raise OSError(28, "No space left on device")


def test_canonical_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": float("nan")})
