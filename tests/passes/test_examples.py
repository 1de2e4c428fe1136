"""Every example that `--help` and docs/commands.md show is run, in a project like the one it speaks of."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from llmc.compiler.cli.main import group

ROOT = Path(__file__).parents[2]
COMMANDS = group.list_commands(click.Context(group))
EXAMPLES = [line for name in COMMANDS for line in import_module(f"llmc.compiler.cli.{name}").EXAMPLES]
# A difference is what these are there to show.
DIFFERENT = {"llmc diff old.yaml experiment.yaml", "llmc diff build/from-scratch experiment.yaml"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone's experiment, on a branch, with an earlier version of its spec beside it."""
    folder = tmp_path_factory.mktemp("project")
    source = ROOT / "experiments/from-scratch"
    listed = subprocess.run(["git", "ls-files", "."], cwd=source, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, folder / name)
    text = (folder / "experiment.yaml").read_text()
    assert "learning_rate: " in text
    (folder / "old.yaml").write_text(text.replace("learning_rate: ", "learning_rate: 1"))
    who = {f"GIT_{role}_{part}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    for command in ("init -q -b main", "add -A", "commit -q -m first", "checkout -q -b branch"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True, env=os.environ | who)
    return folder


def llmc(line: str) -> Result:
    program, *arguments = shlex.split(line)
    assert program == "llmc"
    return CliRunner().invoke(group, arguments, prog_name="llmc")


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_works(line: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(project, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    if "build/" in line and line in DIFFERENT:
        shutil.copy("old.yaml", "experiment.yaml")
    if line == "llmc lock experiment.yaml --check":
        assert llmc("llmc lock experiment.yaml").exit_code == 0
    done = llmc(line)
    assert done.exit_code == (1 if line in DIFFERENT else 0), done.output
    assert done.stdout or done.stderr.endswith("no problems\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_examples(name: str) -> None:
    module = import_module(f"llmc.compiler.cli.{name}")
    assert module.EXAMPLES
    assert all(line.split()[:2] == ["llmc", name] for line in module.EXAMPLES)
    shown = llmc(f"llmc {name} --help").stdout
    assert all(f"  {line}\n" in shown for line in module.EXAMPLES)
