"""Small outside worlds for the tests: a model's files, and servers that speak as the hub and as an image registry.

The real hub and real registries cannot be here; these two speak their HTTP interfaces as the clients call them.
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WORDS = ["<unk>", "<s>", "</s>", "a", "b", "c", "user", "assistant", ":", "Hello"]
CHATML = "{% for m in messages %}{{ m.role }} : {{ m.content }} </s> {% endfor %}"
ASKING = CHATML + "{% if add_generation_prompt %}assistant :{% endif %}"


def tokenizer_json(bos: bool = False) -> dict[str, Any]:
    """A tokenizer whose tokens are words between blanks, so that everybody can count them."""
    first = [{"SpecialToken": {"id": "<s>", "type_id": 0}}] if bos else []
    ids = {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}} if bos else {}
    text = [{"Sequence": {"id": "A", "type_id": 0}}]
    return {
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "decoder": None,
        "added_tokens": [{"id": place, "content": WORDS[place], **SPECIAL} for place in range(3)],
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {
            "type": "TemplateProcessing", "single": first + text, "pair": text, "special_tokens": ids,
        },
        "model": {"type": "WordLevel", "vocab": {word: WORDS.index(word) for word in WORDS}, "unk_token": "<unk>"},
    }  # fmt: skip


SPECIAL = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
END = {"__type": "AddedToken", "content": "</s>", **SPECIAL}
TOKENIZER_CONFIG = {"bos_token": "<s>", "eos_token": END, "model_max_length": 64}
CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4, "num_hidden_layers": 1,
    "num_attention_heads": 2, "max_position_embeddings": 64, "vocab_size": 10, "tie_word_embeddings": False,
    "eos_token_id": 2,
}  # fmt: skip
SHAPES = {"model.embed_tokens.weight": (10, 4), "model.norm.weight": (4,), "lm_head.weight": (10, 4)}
PARAMETERS = 10 * 4 + 4 + 10 * 4


def safetensors(shapes: dict[str, tuple[int, ...]]) -> bytes:
    """A file of zeros in 16 bits, as the format is written down: length, header, data."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    place = 0
    for name, shape in shapes.items():
        size = 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(place)


def model_files(bos: bool = False, template: str | None = CHATML, **config: Any) -> dict[str, bytes]:
    """The files of a whole model, by name."""
    named = TOKENIZER_CONFIG | ({"chat_template": template} if template else {})
    contents = {"config.json": CONFIG | config, "tokenizer.json": tokenizer_json(bos), "tokenizer_config.json": named}
    files = {name: json.dumps(content).encode() for name, content in contents.items()}
    return files | {"model.safetensors": safetensors(SHAPES), "README.md": b"a model"}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words: Any) -> None:
        """Nothing: the tests' output is enough."""

    def answer(self, status: int, content: bytes = b"", cut: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[:cut])
        if cut is not None:
            self.close_connection = True


@contextmanager
def serving(handler: type[Quiet]) -> Iterator[str]:
    """Run a server on a free port of this machine; gives host and port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class FakeHub:
    """Repositories by `models/owner/name`, and what goes wrong. Large files come from another host, as on the hub."""

    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    commit: str = "c" * 40
    token: str | None = None
    gated: bool = False
    status: int = 200
    cut: int | None = None
    ranges: bool = True
    garbage: bool = False
    sizes: bool = True
    seen: list[tuple[str, str | None]] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=dict)
    cdn: str = ""

    def handler(self) -> type[Quiet]:
        hub = self

        class Handler(Quiet):
            def do_GET(self) -> None:
                hub.get(self)

            do_HEAD = do_GET

        return Handler

    def get(self, request: Quiet) -> None:
        path, _, _ = request.path.partition("?")
        self.seen.append((path, request.headers.get("Authorization")))
        if self.status != 200:
            return request.answer(self.status)
        if path.startswith("/api/"):
            return self.about(request, path.removeprefix("/api/"))
        return self.file(request, path)

    def about(self, request: Quiet, path: str) -> None:
        name, _, revision = path.partition("/revision/")
        files = self.repositories.get(name)
        if files is None or (self.token and request.headers.get("Authorization") != f"Bearer {self.token}"):
            return request.answer(401, X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")
        if revision not in ("", "main", "v1", self.commit):
            return request.answer(404, X_Error_Code="RevisionNotFound")
        siblings = [self.sibling(file, content) for file, content in files.items()]
        content = {"id": name.partition("/")[2], "sha": self.commit, "siblings": siblings, "private": False}
        raw = b"<html>" if self.garbage else json.dumps(content).encode()
        return request.answer(200, raw, Content_Type="application/json")

    def sibling(self, name: str, content: bytes) -> dict[str, Any]:
        about: dict[str, Any] = {"rfilename": name, "blobId": "0" * 40}
        about |= {"size": len(content)} if self.sizes else {}
        if name.endswith((".safetensors", ".parquet")):
            sha = hashlib.sha256(content).hexdigest()
            about["lfs"] = {"size": len(content), "sha256": sha, "pointerSize": 134}
        return about

    def file(self, request: Quiet, path: str) -> None:
        name, _, rest = path.strip("/").partition("/resolve/")
        revision, _, file = rest.partition("/")
        key = name if name.startswith("datasets/") else f"models/{name}"
        if self.gated:
            return request.answer(403, X_Error_Code="GatedRepo", X_Error_Message="Access to it is restricted")
        assert revision == self.commit, "files are asked for by commit"
        if file.endswith((".safetensors", ".parquet")):
            return request.answer(302, Location=f"http://{self.cdn}/{key}/{file}")
        return self.content(request, file, self.repositories[key][file])

    def content(self, request: Quiet, name: str, content: bytes) -> None:
        asked = request.headers.get("Range")
        if asked and self.ranges:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            content = content[int(first) : int(last) + 1]
        self.sent[name] = self.sent.get(name, 0) + len(content)
        request.answer(206 if asked and self.ranges else 200, content, self.cut)


@contextmanager
def hub(**options: Any) -> Iterator[tuple[FakeHub, str]]:
    """Run a hub and the host of its large files; gives the hub and its address."""
    fake = FakeHub(**options)

    class Large(Quiet):
        def do_GET(self) -> None:
            fake.seen.append((f"cdn{self.path}", self.headers.get("Authorization")))
            kind, owner, repository, name = self.path.strip("/").split("/", 3)
            fake.content(self, name, fake.repositories[f"{kind}/{owner}/{repository}"][name])

    with serving(fake.handler()) as place, serving(Large) as cdn:
        fake.cdn = cdn.replace("127.0.0.1", "localhost")
        yield fake, f"http://{place}"


@dataclass
class FakeRegistry:
    """One image, `team/image:1`, behind the anonymous token dance that Docker's registries ask for."""

    manifest: bytes = b'{"schemaVersion": 2}'
    tells: bool = True
    challenge: str = 'Bearer realm="http://{host}/token",service="here",scope="repository:team/image:pull"'
    status: int = 200
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return "sha256:" + hashlib.sha256(self.manifest).hexdigest()

    def handler(self) -> type[Quiet]:
        registry = self

        class Handler(Quiet):
            def do_GET(self) -> None:
                registry.get(self)

            do_HEAD = do_GET

        return Handler

    def get(self, request: Quiet) -> None:
        held = request.headers.get("Authorization")
        self.seen.append((request.command, request.path, held))
        if request.path.startswith("/token?"):
            return request.answer(200, b'{"token": "for-everybody"}')
        if self.status != 200:
            return request.answer(self.status)
        if self.challenge and held != "Bearer for-everybody":
            return request.answer(401, WWW_Authenticate=self.challenge.format(host=request.headers["Host"]))
        if request.path != "/v2/team/image/manifests/1":
            return request.answer(404)
        told = {"Docker_Content_Digest": self.digest} if self.tells else {}
        return request.answer(200, self.manifest, **told)
