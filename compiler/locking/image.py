"""The digest that an image's tag stands for, by the registry's HTTP interface and without credentials.

Source: the OCI distribution specification 1.1, "Pulling manifests", and Docker's token authentication for registries.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from llmc.compiler.locking.trouble import BROKEN, DENIED, MISSING, UNREACHABLE, Trouble

DOCKER_HUB = "registry-1.docker.io"
TIMEOUT = 10.0  # seconds
MOST = 4_000_000  # bytes of a manifest, as the specification recommends
_ACCEPT = ", ".join((
    "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
))  # fmt: skip
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*")
_TAG = re.compile(r"\w[\w.-]{0,127}")
_LOCAL = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
_HELP = "write the digest into the spec: NAME@sha256:..."


@dataclass(frozen=True, slots=True)
class Reference:
    """An image's name in parts: `registry/repository:tag` or `registry/repository@digest`."""

    registry: str
    repository: str
    tag: str
    digest: str | None


def parse(text: str) -> Reference:
    """Read an image's name as Docker does. Raises Trouble."""
    rest, _, digest = text.partition("@")
    first, slash, after = rest.partition("/")
    is_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    registry, path = (first, after) if is_host else (DOCKER_HUB, rest)
    repository, _, tag = path.partition(":")
    if registry in (DOCKER_HUB, "docker.io"):
        registry, repository = DOCKER_HUB, repository if "/" in repository else f"library/{repository}"
    right = _REPOSITORY.fullmatch(repository) and _TAG.fullmatch(tag or "latest")
    if not right or (digest and not _DIGEST.fullmatch(digest)):
        raise Trouble(
            MISSING, f"'{text}' is no name of an image", "write REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:..."
        )
    return Reference(registry, repository, tag or "latest", digest or None)


def image_entry(text: str) -> dict[str, Any]:
    """Find out an image's digest, of all its platforms together. Raises Trouble."""
    reference = parse(text)
    return {"digest": reference.digest or _ask(reference, text)}


def _ask(reference: Reference, text: str) -> str:
    scheme = "http" if _LOCAL.fullmatch(reference.registry) else "https"
    url = f"{scheme}://{reference.registry}/v2/{reference.repository}/manifests/{reference.tag}"
    try:
        try:
            return _manifest(url, None)
        except urllib.error.HTTPError as error:
            if error.code != 401:
                raise
            return _manifest(url, _token(error.headers.get("WWW-Authenticate", "")))
    except urllib.error.HTTPError as error:
        raise _refused(error.code, text, reference.registry) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = type(getattr(error, "reason", error)).__name__
        raise Trouble(UNREACHABLE, f"{reference.registry} does not answer ({reason})", _HELP) from None


def _refused(status: int, text: str, registry: str) -> Trouble:
    if status in (401, 403):
        return Trouble(DENIED, f"{registry} shows {text} to nobody without an account (HTTP {status})", _HELP)
    if status == 404:
        return Trouble(MISSING, f"{registry} has no {text}", "correct the name or the tag")
    return Trouble(UNREACHABLE, f"{registry} answers with HTTP {status}", _HELP)


def _manifest(url: str, token: str | None) -> str:
    """Ask for the digest alone; a registry that does not tell it sends the manifest, whose digest it is."""
    for method in ("HEAD", "GET"):
        request = urllib.request.Request(url, headers={"Accept": _ACCEPT}, method=method)
        if token:
            request.add_unredirected_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            told = answer.headers.get("Docker-Content-Digest", "")
            if _DIGEST.fullmatch(told):
                return str(told)
            content = answer.read(MOST + 1)
    if not content or len(content) > MOST:
        raise Trouble(BROKEN, f"{urllib.parse.urlsplit(url).netloc} sends no manifest", _HELP)
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _token(challenge: str) -> str | None:
    """Fetch the token that a registry gives to everybody; None where it wants an account."""
    kind, _, rest = challenge.partition(" ")
    asked = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    realm = asked.get("realm", "")
    # The registry names the URL: only the schemes of registries are followed, never file:.
    if kind.lower() != "bearer" or not realm.startswith(("https://", "http://")):
        return None
    query = urllib.parse.urlencode({key: asked[key] for key in ("service", "scope") if key in asked})
    with urllib.request.urlopen(f"{realm}?{query}", timeout=TIMEOUT) as answer:
        content = json.loads(answer.read(MOST))
    token = content.get("token") or content.get("access_token") if isinstance(content, dict) else None
    return token if isinstance(token, str) and token.isprintable() else None
