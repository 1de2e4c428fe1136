"""The hub, spoken to through its own library. The server is ours, as the real one cannot be here: see worlds.py."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from locking import worlds
from locking.conftest import Project

from llmc.compiler.locking import hub as hub_module

NAME = "team/model"
TOKEN = "hf_" + "s" * 34

Asked = Callable[[str], None]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of this machine's: no token, no cache; and no patience."""
    import huggingface_hub.utils._http as http

    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hf")))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(http.time, "sleep", lambda seconds: None)


def repository(**more: bytes) -> dict[str, dict[str, bytes]]:
    return {f"models/{NAME}": worlds.model_files() | more}


def test_a_model_of_the_hub_is_the_one_in_a_folder(project: Project, asked: Asked) -> None:
    in_folder = project.content()["models"]["./model"]
    project.write(model=NAME)
    project.lock.unlink()
    with worlds.hub(repositories=repository()) as (hub, address):
        asked(address)
        entry = project.content()["models"][NAME]
    assert entry == in_folder | {"source": "hub", "commit": hub.commit}
    assert hub.sent["model.safetensors"] < 500, "the weights stay where they are"
    assert "README.md" not in hub.sent


def test_a_branch_is_named_by_its_commit(project: Project, asked: Asked) -> None:
    project.write("  dtype: bf16", "  revision: v1\n  dtype: bf16", model=NAME)
    with worlds.hub(repositories=repository()) as (hub, address):
        asked(address)
        answer = json.loads(project.run("--format", "json").stdout)
        (told,) = answer["diagnostics"]
        assert (told["code"], told["severity"], told["line"], told["column"]) == ("LLM415", "info", 6, 13)
        assert told["fix"] == hub.commit
        assert list(json.loads(project.lock.read_text())["models"]) == [f"{NAME}@v1"]
        project.write("  dtype: bf16", f"  revision: {hub.commit}\n  dtype: bf16", model=NAME)
        assert json.loads(project.run("--format", "json").stdout)["diagnostics"] == []


def test_the_token_goes_to_the_hub_and_nowhere_else(
    project: Project, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    project.write(model=NAME)
    with worlds.hub(repositories=repository(), token=TOKEN) as (hub, address):
        asked(address)
        done = project.run()
    assert done.exit_code == 0, done.output
    large = [held for path, held in hub.seen if path.startswith("cdn/")]
    assert large == [None] * len(large)
    assert len(large) > 0
    # The library also looks up what it calls itself, of which nobody needs to know who asks.
    others = {held for path, held in hub.seen if NAME in path and not path.startswith("cdn/")}
    assert others == {f"Bearer {TOKEN}"}
    assert TOKEN not in done.output + project.lock.read_text()


@pytest.mark.parametrize(
    ("options", "revision", "told"),
    [
        ({"repositories": {}}, None, ("LLM411", "5:17 the hub shows no team/model: there is none, or it is private")),
        ({"token": TOKEN}, None, ("LLM411", "set HF_TOKEN")),
        ({}, "nowhere", ("LLM411", "5:17 team/model has no such revision or file")),
        ({"gated": True}, None, ("LLM412", "5:17 team/model is gated (ask for access on http://")),
        ({"status": 403}, None, ("LLM412", "the hub denies access to team/model (HTTP 403)")),
        ({"status": 500}, None, ("LLM410", "answers with HTTP 500")),
        ({"status": 429}, None, ("LLM410", "answers with HTTP 429")),
        (
            {"sizes": False},
            None,
            ("LLM413", "lacks its commit, its files or their sizes"),
        ),
        ({"garbage": True}, None, ("LLM410", "answers with something else than its interface does")),
        ({"cut": 10}, None, ("LLM410", "does not answer (RemoteProtocolError)")),
    ],
)
def test_what_goes_wrong_is_told_at_the_line(
    options: dict[str, Any], revision: str | None, told: tuple[str, str], project: Project, asked: Asked
) -> None:
    if revision:
        project.write("  dtype: bf16", f"  revision: {revision}\n  dtype: bf16", model=NAME)
    else:
        project.write(model=NAME)
    with worlds.hub(**{"repositories": repository()} | options) as (_, address):
        asked(address)
        assert told[1] in project.refused(told[0])
    assert not json.loads(project.lock.read_text())["models"]


def test_a_server_without_ranges_will_do(project: Project, asked: Asked) -> None:
    project.write(model=NAME)
    with worlds.hub(repositories=repository(), ranges=False) as (_, address):
        asked(address)
        entry = project.content()["models"][NAME]
    assert entry["parameters"]["total"] == worlds.PARAMETERS


def test_nobody_there(project: Project, asked: Asked) -> None:
    project.write(model=NAME)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        asked(f"http://127.0.0.1:{free.getsockname()[1]}")
        assert "does not answer (ConnectError) (check the network and HF_ENDPOINT)" in project.refused("LLM410")


def test_a_password_in_the_address_is_not_repeated(project: Project, asked: Asked) -> None:
    project.write(model=NAME)
    with worlds.hub(repositories={}) as (_, address):
        asked(address.replace("http://", "http://me:very-secret@"))
        assert "very-secret" not in project.refused("LLM411")


def test_somebody_who_says_nothing(project: Project, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "TIMEOUT", 0.2)
    project.write(model=NAME)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        asked(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert "does not answer (ReadTimeout)" in project.refused("LLM410")


def test_a_name_that_no_repository_can_have(project: Project, asked: Asked) -> None:
    project.write(model="a--b/c..d")
    asked("http://127.0.0.1:1")
    assert "the hub shows no a--b/c..d" in project.refused("LLM411")


def test_what_was_known_is_kept_when_the_hub_is_away(project: Project, asked: Asked) -> None:
    project.write(model=NAME)
    with worlds.hub(repositories=repository()) as (_, address):
        asked(address)
        before = project.content()
    assert "what the lock says of it is left as it is" in project.refused("LLM410")
    assert json.loads(project.lock.read_text()) == before
    project.rows([{"prompt": "c", "completion": "c"}])
    project.refused("LLM410")
    after = json.loads(project.lock.read_text())
    assert after["models"] == before["models"]
    assert after["data"]["data/train.jsonl"]["rows"] == 1


def test_data_of_the_hub_by_split(project: Project, asked: Asked) -> None:
    import pyarrow
    import pyarrow.parquet

    files = {}
    for name, count in (("train-00000-of-00002", 3), ("train-00001-of-00002", 2), ("test-00000-of-00001", 9)):
        stream = io.BytesIO()
        pyarrow.parquet.write_table(pyarrow.table({"text": ["a b c"] * count, "id": list(range(count))}), stream)
        files[f"data/{name}.parquet"] = stream.getvalue()
    path = "path: hf://datasets/team/texts, split: train, format: text"
    project.write("path: data/train.jsonl, format: text", path, form="text")
    with worlds.hub(repositories={"datasets/team/texts": files}) as (hub, address):
        asked(address)
        entry = project.content()["data"]["hf://datasets/team/texts#train"]
        assert (entry["rows"], entry["columns"], entry["source"]) == (5, ["id", "text"], "hub")
        assert entry["commit"] == hub.commit
        assert entry["bytes"] == sum(len(content) for name, content in files.items() if "train" in name)
        assert entry["tokens"][0]["total"] == 5 * 4  # three words and eos
        before = dict(hub.sent)
        assert project.run("--check").exit_code == 0
        assert hub.sent == before, "what has not changed is not read again"
        files["data/train-00000-of-00002.parquet"] = files["data/train-00000-of-00002.parquet"][:-20]
        assert "is not Parquet" in project.refused("LLM413")


def test_the_command_itself_finds_the_hub_by_its_variable(project: Project) -> None:
    project.write(model=NAME)
    with worlds.hub(repositories=repository(), token=TOKEN) as (_, address):
        variables = os.environ | {"HF_ENDPOINT": address, "HF_TOKEN": TOKEN}
        command = [sys.executable, "-m", "llmc.compiler.cli", "lock", "exp.yaml"]
        done = subprocess.run(command, cwd=project.folder, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert f"{NAME} has {worlds.PARAMETERS} parameters" in done.stdout
        offline = subprocess.run(
            command, cwd=project.folder, env=variables | {"HF_HUB_OFFLINE": "1"}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    assert offline.returncode == 1
    assert "error[LLM410]: the hub is not asked, because HF_HUB_OFFLINE is set" in offline.stderr
    assert TOKEN not in done.stdout + done.stderr + offline.stdout + offline.stderr
