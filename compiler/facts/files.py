"""The files of the user's project that a spec names: whether they are there, and their digests.

A relative path belongs to the project and is known when compiling. An absolute path belongs to the machine that runs
the job: nothing is known about it here, so that compiling gives the same bytes on every machine.
"""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath


class Files:
    """The project's files below and beside the spec's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._digests: dict[str, dict[str, str]] = {}
        self._here: dict[str, bool] = {}

    def is_here(self, path: str) -> bool | None:
        """Whether a relative path exists; None for an absolute one, of which nothing is known."""
        if PurePosixPath(path).is_absolute():
            return None
        if path not in self._here:
            self._here[path] = (self.folder / path).exists()
        return self._here[path]

    def digests(self, path: str) -> dict[str, str]:
        """Give `path -> sha256:...` for a relative file, or for every visible file of a relative folder.

        The keys are written as the user wrote the path, so that they mean the same on every machine. Each path is
        read once: large data is asked for by several passes and by every experiment of a sweep.
        """
        if path not in self._digests:
            self._digests[path] = self._read(path)
        return self._digests[path]

    def identity(self, path: str) -> str:
        """Tell one file from others: by its digest, where it is here and belongs to the project, else by its path."""
        return self.digests(path).get(path, path)

    def _read(self, path: str) -> dict[str, str]:
        place = self.folder / path
        if not self.is_here(path):
            return {}
        if place.is_file():
            return {path: _digest(place)}
        return {f"{path.rstrip('/')}/{file.relative_to(place).as_posix()}": _digest(file) for file in visible(place)}


def visible(folder: Path) -> list[Path]:
    """List the files of a folder and of those below it, hidden ones left out, sorted."""
    inside = (file for file in folder.rglob("*") if not _hidden(file.relative_to(folder)))
    return sorted(file for file in inside if file.is_file())


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
