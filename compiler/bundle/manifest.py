"""manifest.json: what a bundle was made of and what it consists of, by digest, and where every value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmc.compiler import __version__
from llmc.compiler.bundle.render import canonical, compact_digest, digest

FILE = "manifest.json"


def manifest(
    name: str, inputs: Mapping[str, str], outputs: Mapping[str, bytes], origins: Mapping[str, Mapping[str, str]]
) -> bytes:
    """Give the manifest's bytes.

    `inputs` are digests, `outputs` contents, `origins` artefact -> key -> origin. The manifest carries a digest of
    itself, so that no byte of a bundle can change unseen.
    """
    content: dict[str, Any] = {
        "compiler": __version__,
        "name": name,
        "inputs": dict(inputs),
        "outputs": {path: digest(data) for path, data in outputs.items()},
        "origins": {path: dict(rows) for path, rows in origins.items()},
    }
    return canonical(content | {"digest": compact_digest(content)})
