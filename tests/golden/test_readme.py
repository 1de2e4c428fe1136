"""The README's claims about commands and output."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_mistake_is_told_as_shown(tmp_path: Path) -> None:
    spec = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    shown = re.search(r"\$ llmc check experiment.yaml\n(.*?)```", README, re.DOTALL)
    assert spec
    assert shown
    (tmp_path / "data").mkdir()
    (tmp_path / "data/train.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    (tmp_path / "experiment.yaml").write_text(spec[1].replace("learning_rate: 2.5e-3", "learning_rte: 2.5e-3"))
    command = [sys.executable, "-m", "llmc.compiler.cli", "check", "experiment.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == shown[1].strip()


def test_the_files_are_those_of_a_bundle() -> None:
    listed = set(re.findall(r"^  (\S+\.(?:md|json|sh)) ", README, re.MULTILINE))
    build = ROOT / "experiments/quickstart/build/quickstart"
    assert listed == {path.relative_to(build).as_posix() for path in build.rglob("*") if path.is_file()}


def test_every_command_is_listed() -> None:
    listed = set(re.findall(r"^\| `llmc (\w+)", README, re.MULTILINE))
    commands = {path.stem for path in (ROOT / "compiler/cli").glob("*.py")} - {"__init__", "__main__", "main", "common"}
    assert listed == commands


def test_the_two_commands_exist() -> None:
    for name in re.findall(r"^(scripts/\w+) ", README, re.MULTILINE):
        assert (ROOT / name).stat().st_mode & 0o111, name
