"""What the tests of locking share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from locking import worlds

from llmc.compiler.cli.lock import command

SFT = """\
llmc: 1
name: exp
task: sft
model:
  name_or_path: {model}
  dtype: bf16
data:
  train: {{path: data/train.jsonl, format: {form}}}
  max_length: 64
training:
  epochs: 1
  global_batch_size: 4
  optimizer: {{kind: adamw, learning_rate: 1e-5}}
  scheduler: {{kind: cosine}}
  checkpoint: {{every_steps: 100}}
deepspeed: {{zero_stage: 1}}
targets:
  local: {{slots: 2}}
"""
PAIRS = [
    {"prompt": "a b", "completion": "c"},
    {"prompt": "a", "completion": "b c a"},
    {"prompt": "a", "completion": ""},
]


class Project:
    """A folder with a spec and what it names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spec = folder / "exp.yaml"
        self.lock = folder / "exp.lock.json"
        worlds.write(folder / "model", worlds.model_files())
        self.rows(PAIRS)
        self.write()

    def write(self, old: str = "", new: str = "", model: str = "./model", form: str = "prompt_completion") -> None:
        text = SFT.format(model=model, form=form)
        assert old in text
        self.spec.write_text(text.replace(old, new) if old else text)

    def rows(self, rows: list[Any], name: str = "data/train.jsonl") -> None:
        worlds.write(self.folder, {name: "".join(f"{json.dumps(row)}\n" for row in rows).encode()})

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(command, [str(self.spec), *arguments], catch_exceptions=False)

    def content(self) -> Any:
        """Lock the spec, which must succeed, and give what the lock says."""
        done = self.run()
        assert done.exit_code == 0, done.output
        return json.loads(self.lock.read_text())

    def tokens(self) -> dict[str, Any]:
        """The one count of tokens that locking the spec gives."""
        (entry,) = self.content()["data"].values()
        (count,) = entry["tokens"]
        return dict(count)

    def refused(self, code: str) -> str:
        """Lock the spec, which must fail with one error of this code; gives what was told."""
        done = self.run("--format", "json")
        assert done.exit_code == 1, done.output
        errors = [d for d in json.loads(done.stdout)["diagnostics"] if d["severity"] == "error"]
        assert [d["code"] for d in errors] == [code], done.output
        return f"{errors[0]['line']}:{errors[0]['column']} {errors[0]['message']} ({errors[0]['help']})"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make the hub's library ask another address: it reads HF_ENDPOINT once, when it is imported."""

    def at(address: str) -> None:
        from huggingface_hub import constants

        monkeypatch.setattr(constants, "ENDPOINT", address)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}"
        )

    return at
