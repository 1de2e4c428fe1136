"""S3, as moto's server plays it to boto3."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from locking import worlds
from locking.conftest import PAIRS, Project

from llmc.compiler.locking import s3 as s3_module
from llmc.compiler.locking.s3 import S3
from llmc.compiler.locking.trouble import Trouble

BUCKET = "acme-models"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    import boto3

    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-access-key")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    files = {f"base/{name}": content for name, content in worlds.model_files().items()}
    rows = "".join(f"{json.dumps(row)}\n" for row in PAIRS).encode()
    files |= {"data/train.jsonl": rows, "data/more/b.jsonl": rows, "data/.hidden.jsonl": b"{", "database/x.jsonl": rows}
    for key, content in files.items():
        client.put_object(Bucket=BUCKET, Key=key, Body=content)
    yield BUCKET
    for key in files:
        client.delete_object(Bucket=BUCKET, Key=key)
    client.delete_bucket(Bucket=BUCKET)


def test_a_model_and_its_data_in_s3(bucket: str, project: Project) -> None:
    in_folder = project.content()
    project.write("path: data/train.jsonl", f"path: s3://{bucket}/data/", model=f"s3://{bucket}/base")
    content = project.content()
    model = content["models"][f"s3://{bucket}/base"]
    assert model == in_folder["models"]["./model"] | {"source": "s3"}
    data = content["data"][f"s3://{bucket}/data/"]
    # Two of the four objects: not the hidden one, and not the one whose name only begins alike.
    assert (data["rows"], data["source"]) == (2 * len(PAIRS), "s3")
    assert data["tokens"][0]["total"] == 2 * in_folder["data"]["data/train.jsonl"]["tokens"][0]["total"]


def test_a_single_object_is_like_a_file(bucket: str, project: Project) -> None:
    in_folder = project.content()["data"]["data/train.jsonl"]
    project.write("path: data/train.jsonl", f"path: s3://{bucket}/data/train.jsonl")
    assert project.content()["data"][f"s3://{bucket}/data/train.jsonl"] == in_folder | {"source": "s3"}


def test_large_objects_are_known_by_their_etag(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = S3(f"s3://{bucket}/base")
    weights = next(file for file in place.files() if file.name == "model.safetensors")
    read = place.digest(weights)
    monkeypatch.setattr(s3_module, "LARGE", 10)
    monkeypatch.setattr(place, "part", None)
    assert place.digest(weights) not in (read, "")
    assert place.digest(weights).startswith("sha256:")


def test_a_whole_bucket(bucket: str) -> None:
    names = [file.name for file in S3(f"s3://{bucket}").files()]
    assert "data/train.jsonl" in names
    assert S3(f"s3://{bucket}").part("data/train.jsonl", 0, 1) == b"{"


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("s3://acme-models/nowhere", "LLM411 there is no object at s3://acme-models/nowhere"),
        ("s3://no-such-bucket/x", "LLM411 there is no s3://no-such-bucket/x (NoSuchBucket)"),
        ("s3://UPPER_case//", "LLM411 there is no"),
        ("s3://", "LLM411 s3:// is no possible name in S3"),
    ],
)
def test_what_is_not_there_is_told(uri: str, told: str, bucket: str) -> None:
    with pytest.raises(Trouble) as caught:
        S3(uri).files()
    assert f"{caught.value.code} {caught.value}".startswith(told)


def test_nobody_logged_in(bucket: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(model=f"s3://{bucket}/base")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    assert "5:17 no usable AWS credentials" in project.refused("LLM412")


def test_nobody_there(bucket: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(model=f"s3://{bucket}/base")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
        told = project.refused("LLM410")
    assert "S3 gives no answer" in told
    assert "very-secret" not in told


def test_access_denied(bucket: str) -> None:
    class Refused(worlds.Quiet):
        def do_GET(self) -> None:
            body = b"<Error><Code>AccessDenied</Code><Message>very-secret</Message></Error>"
            self.answer(403, body, Content_Type="application/xml")

    with worlds.serving(Refused) as place, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{place}")
        with pytest.raises(Trouble) as caught:
            S3("s3://acme-models/base").files()
    assert (caught.value.code, str(caught.value)) == (
        "LLM412",
        "access to s3://acme-models/base is denied (AccessDenied)",
    )


def test_without_boto3(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    project.write(model="s3://acme-models/base")
    told = project.refused("LLM414")
    assert "boto3, which reads from S3, is not installed" in told
    assert "llmc-experiment-compiler[s3]" in told
