"""Files of a repository on the Hugging Face hub, at one commit.

The library finds HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE by itself. Weights are never downloaded: their headers are
read by range, and the hub knows their digests.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from llmc.compiler.locking.place import File, Place
from llmc.compiler.locking.trouble import BROKEN, DENIED, MISSING, UNREACHABLE, Trouble, not_installed

TIMEOUT = 10.0  # seconds without an answer
RETRIES = 2


class Hub(Place):
    """A repository. `revision` may be a branch, a tag or a commit; `commit` is what it means now."""

    source = "hub"

    def __init__(self, repository: str, revision: str | None, kind: str = "model") -> None:
        super().__init__()
        self.repository, self.kind = repository, kind
        self.shown = repository
        self._library = _library()
        about = self._ask(lambda: self._about(revision))
        if not about.sha or about.siblings is None or any(sibling.size is None for sibling in about.siblings):
            raise Trouble(BROKEN, f"what the hub says of {repository} lacks its commit, its files or their sizes")
        self.commit: str = about.sha
        self._files = sorted((_file(sibling) for sibling in about.siblings), key=lambda file: file.name)

    def files(self) -> list[File]:
        return self._files

    def part(self, name: str, start: int, length: int) -> bytes:
        return bytes(self._ask(lambda: self._patiently(name, start, length)))

    def _about(self, revision: str | None) -> Any:
        ask = self._library.HfApi().repo_info
        return ask(self.repository, revision=revision, repo_type=self.kind, files_metadata=True, timeout=TIMEOUT)

    def _patiently(self, name: str, start: int, length: int) -> bytes:
        """Ask again where the connection breaks: the library retries only what breaks before an answer begins."""
        kinds = self._library.errors
        for _ in range(RETRIES):
            try:
                return self._part(name, start, length)
            except kinds.HfHubHTTPError:
                raise
            except kinds.HTTPError:
                continue
        return self._part(name, start, length)

    def _part(self, name: str, start: int, length: int) -> bytes:
        utils = self._library.utils
        url = self._library.hf_hub_url(self.repository, name, revision=self.commit, repo_type=self.kind)
        span = {"Range": f"bytes={start}-{start + length - 1}", "Accept-Encoding": "identity"}
        headers = utils.build_hf_headers() | span
        patience = {"timeout": TIMEOUT, "max_retries": RETRIES, "retry_on_exceptions": ()}
        with utils.http_stream_backoff("GET", url, headers=headers, **patience) as answer:
            utils.hf_raise_for_status(answer)
            skip = 0 if answer.status_code == 206 else start  # a server without ranges sends all of it
            content = bytearray()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) >= skip + length:
                    break
            return bytes(content[skip : skip + length])

    def _ask(self, question: Callable[[], Any]) -> Any:
        """Ask, and put what goes wrong into our own words: an exception of the library quotes headers and URLs."""
        try:
            return question()
        except Trouble:
            raise
        except Exception as error:
            raise _trouble(error, self.repository, self._library) from None


def _library() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.errors
        import huggingface_hub.utils
    except ImportError:
        raise not_installed("huggingface_hub", "asks the hub") from None
    logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)  # what matters of it, we say
    return huggingface_hub


def _file(sibling: Any) -> File:
    digest = f"sha256:{sibling.lfs.sha256}" if sibling.lfs else None
    return File(sibling.rfilename, sibling.size, digest)


def _without_login(address: str) -> str:
    """An address without the name and password that it may hold.

    >>> _without_login("https://me:secret@hub.example:8443/hf")
    'https://hub.example:8443/hf'
    """
    scheme, separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def _trouble(error: Exception, repository: str, library: Any) -> Trouble:
    kinds = library.errors
    hub = _without_login(library.constants.ENDPOINT)
    page = f"{hub}/{repository}"
    if isinstance(error, kinds.GatedRepoError):
        return Trouble(DENIED, f"{repository} is gated", f"ask for access on {page}, then set HF_TOKEN to your token")
    if isinstance(error, (kinds.RevisionNotFoundError, kinds.EntryNotFoundError)):
        return Trouble(MISSING, f"{repository} has no such revision or file", f"look at {page}")
    if isinstance(error, (kinds.RepositoryNotFoundError, kinds.HFValidationError)):
        help = "correct the name; where it is private, set HF_TOKEN to a token that may read it"
        return Trouble(MISSING, f"the hub shows no {repository}: there is none, or it is private", help)
    if isinstance(error, kinds.OfflineModeIsEnabled):
        return Trouble(
            UNREACHABLE, "the hub is not asked, because HF_HUB_OFFLINE is set", "unset it and run this again"
        )
    answer = getattr(error, "response", None)
    status = getattr(answer, "status_code", None)
    if status in (401, 403):
        return Trouble(DENIED, f"the hub denies access to {repository} (HTTP {status})", "check HF_TOKEN")
    said = f"answers with HTTP {status}" if status else f"does not answer ({type(error).__name__})"
    if isinstance(error, ValueError):
        said = "answers with something else than its interface does"
    return Trouble(UNREACHABLE, f"{hub} {said}", "check the network and HF_ENDPOINT")
