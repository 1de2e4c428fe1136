"""Puts a bundle on the disk, so that nothing half-written is ever seen and nothing of the user's is overwritten."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmc.compiler.bundle import manifest
from llmc.compiler.bundle.render import digest


@dataclass(frozen=True, slots=True)
class Bundle:
    """All files of a compiled experiment (path within the bundle -> content) and the folder they belong in."""

    folder: Path
    files: Mapping[str, bytes]


@dataclass(slots=True)
class Changes:
    """How a bundle differs from its folder. `edited` are files that somebody changed since they were written."""

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.written or self.removed or self.edited)


def compare(bundle: Bundle) -> Changes:
    """Say what writing the bundle would do. Files in the folder that llmc never wrote are left alone."""
    changes = Changes()
    earlier = _earlier_outputs(bundle.folder)
    for path, content in sorted(bundle.files.items()):
        here = _read(bundle.folder / path)
        if here == content:
            continue
        changes.written.append(path)
        if here is not None and _is_foreign(path, here, earlier):
            changes.edited.append(path)
    for path in sorted(set(earlier) - set(bundle.files)):
        here = _read(bundle.folder / path)
        if here is not None:
            changes.removed.append(path)
            if digest(here) != earlier[path]:
                changes.edited.append(path)
    return changes


def write(bundle: Bundle, changes: Changes) -> None:
    """Bring the folder to the bundle, each file at once or not at all, the manifest last.

    Raises:
        OSError: the disk is full or the folder cannot be written; files written before stay.
    """
    for path in sorted(changes.written, key=lambda path: (path == manifest.FILE, path)):
        write_atomically(bundle.folder / path, bundle.files[path], 0o755 if path.endswith(".sh") else 0o644)
    for path in changes.removed:
        (bundle.folder / path).unlink(missing_ok=True)


def _is_foreign(path: str, content: bytes, earlier: Mapping[str, str]) -> bool:
    """Whether a file's content is not what llmc wrote there. The manifest lists the others and vouches for itself."""
    if path == manifest.FILE:
        return not earlier
    return path not in earlier or digest(content) != earlier[path]


def _earlier_outputs(folder: Path) -> dict[str, str]:
    """The digests of what was written last time; nothing where there is no readable manifest."""
    content = _read(folder / manifest.FILE)
    try:
        outputs = json.loads(content or b"{}").get("outputs", {})
    except (ValueError, AttributeError):
        return {}
    inside = {str(path): str(value) for path, value in outputs.items()} if isinstance(outputs, dict) else {}
    # A manifest is a file that anybody may have changed: it must not make us delete anything outside the bundle.
    return {
        path: value for path, value in inside.items() if ".." not in Path(path).parts and not Path(path).is_absolute()
    }


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file, with its folder, so that at any moment it has either its old content or the new one.

    Raises:
        OSError: it cannot be written; it is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
