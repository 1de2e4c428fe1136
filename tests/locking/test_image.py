"""Image digests, from a registry on this machine that asks for a token as Docker's do."""

from __future__ import annotations

import json
import socket

import pytest
from locking import worlds
from locking.conftest import Project
from locking.worlds import FakeRegistry

from llmc.compiler.language.diagnostics import Report
from llmc.compiler.locking import image as image_module
from llmc.compiler.locking.image import Reference, image_entry, parse
from llmc.compiler.locking.trouble import Trouble
from llmc.compiler.pipeline import understand

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python", Reference("registry-1.docker.io", "library/python", "latest", None)),
        ("python:3.12-slim", Reference("registry-1.docker.io", "library/python", "3.12-slim", None)),
        ("team/image", Reference("registry-1.docker.io", "team/image", "latest", None)),
        ("docker.io/team/image:1", Reference("registry-1.docker.io", "team/image", "1", None)),
        ("ghcr.io/a/b/c:v1.0", Reference("ghcr.io", "a/b/c", "v1.0", None)),
        ("localhost:5000/image:1", Reference("localhost:5000", "image", "1", None)),
        (f"public.ecr.aws/x/y@{DIGEST}", Reference("public.ecr.aws", "x/y", "latest", DIGEST)),
        (f"public.ecr.aws/x/y:2@{DIGEST}", Reference("public.ecr.aws", "x/y", "2", DIGEST)),
    ],
)
def test_names_are_read_as_docker_reads_them(text: str, expected: Reference) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("text", ["UPPER/case", "a b", "host.io/", "x@sha256:12", "x:", "x:a/b c", "../../etc", "x\n"])
def test_what_is_no_name_is_told(text: str) -> None:
    if text == "x:":
        assert parse(text).tag == "latest"
        return
    with pytest.raises(Trouble, match="is no name of an image"):
        parse(text)


def test_a_digest_in_the_spec_needs_nobody() -> None:
    assert image_entry(f"nowhere.invalid/x/y@{DIGEST}") == {"digest": DIGEST}


@pytest.mark.parametrize("registry", [FakeRegistry(), FakeRegistry(tells=False), FakeRegistry(challenge="")])
def test_a_tag_becomes_its_digest(registry: FakeRegistry) -> None:
    with worlds.serving(registry.handler()) as place:
        assert image_entry(f"{place}/team/image:1") == {"digest": registry.digest}
    methods = {method for method, path, _ in registry.seen if path.startswith("/v2/")}
    assert methods == ({"HEAD"} if registry.tells else {"HEAD", "GET"})
    if registry.challenge:
        asked = next(path for _, path, _ in registry.seen if path.startswith("/token"))
        assert asked == "/token?service=here&scope=repository%3Ateam%2Fimage%3Apull"


@pytest.mark.parametrize(
    ("registry", "tag", "told"),
    [
        (FakeRegistry(), "2", "LLM411 {place} has no {place}/team/image:2"),
        (FakeRegistry(challenge='Basic realm="ecr"'), "1", "LLM412 {place} shows {place}/team/image:1 to nobody"),
        (FakeRegistry(challenge='Bearer realm="file:///etc/passwd"'), "1", "LLM412"),
        (FakeRegistry(challenge='Bearer realm="http://{host}/v2/"'), "1", "LLM412"),
        (FakeRegistry(status=503), "1", "LLM410 {place} answers with HTTP 503"),
        (FakeRegistry(status=403), "1", "LLM412"),
        (FakeRegistry(tells=False, manifest=b""), "1", "LLM413 {place} sends no manifest"),
        (FakeRegistry(tells=False, manifest=b"x" * 4_000_001), "1", "LLM413"),
    ],
)
def test_what_goes_wrong_is_told(registry: FakeRegistry, tag: str, told: str) -> None:
    with worlds.serving(registry.handler()) as place, pytest.raises(Trouble) as caught:
        image_entry(f"{place}/team/image:{tag}")
    assert f"{caught.value.code} {caught.value}".startswith(told.format(place=place))


def test_a_token_does_not_follow_to_another_host() -> None:
    seen: list[str | None] = []

    class Elsewhere(worlds.Quiet):
        def do_HEAD(self) -> None:
            seen.append(self.headers.get("Authorization"))
            self.answer(200, Docker_Content_Digest=DIGEST)

        do_GET = do_HEAD

    with worlds.serving(Elsewhere) as elsewhere:

        class Registry(worlds.Quiet):
            def do_HEAD(self) -> None:
                self.answer(307, Location=f"http://{elsewhere.replace('127.0.0.1', 'localhost')}/m")

        with worlds.serving(Registry) as place:
            url = f"http://{place}/v2/x/manifests/1"
            assert image_module._manifest(url, "for-everybody") == DIGEST
    assert seen == [None]


def test_nobody_there_and_nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_module, "TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Trouble, match=r"does not answer \(ConnectionRefusedError\)"):
            image_entry(f"{place}/team/image:1")
        silent.listen()
        with pytest.raises(Trouble, match="does not answer"):
            image_entry(f"{place}/team/image:1")


def test_the_images_of_a_spec_are_locked(project: Project) -> None:
    registry = FakeRegistry()
    with worlds.serving(registry.handler()) as place:
        project.write("targets:", f"container: {{base: '{place}/team/image:1'}}\ntargets:")
        assert project.content()["images"] == {f"{place}/team/image:1": {"digest": registry.digest}}
        (one,) = understand(project.spec, "exp.yaml", Report(), wrong_too=True)
        assert one.facts.lock.image(f"{place}/team/image:1") == registry.digest
        assert one.facts.lock.image("another") is None
    told = project.refused("LLM410")
    assert told.startswith("17:19 ")
    assert "write the digest into the spec" in told
    assert json.loads(project.lock.read_text())["images"], "what was known is kept"
