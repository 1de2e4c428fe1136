"""A place that files are read from. The hub, a folder and S3 differ in three questions and in nothing else."""

from __future__ import annotations

import hashlib
import io
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from llmc.compiler.bundle.render import digest
from llmc.compiler.locking.progress import Tick
from llmc.compiler.locking.trouble import BROKEN, UNREACHABLE, Trouble

BLOCK = 4 * 2**20
# A file that is read as a whole: the largest tokenizer.json in use have some 35 MB.
MOST = 200 * 2**20


@dataclass(frozen=True, slots=True)
class File:
    """A file by its path in its place. `digest` is what the place itself says of the content, if it says anything."""

    name: str
    size: int
    digest: str | None = None


class Place(ABC):
    """Where files are. `source` is the lock's word for it, `commit` the hub's, `shown` how the user knows it."""

    source: str
    shown: str
    commit: str | None = None

    def __init__(self) -> None:
        self._whole: dict[str, bytes] = {}

    @abstractmethod
    def files(self) -> list[File]:
        """List the files, sorted by name. Raises Trouble."""

    @abstractmethod
    def part(self, name: str, start: int, length: int) -> bytes:
        """Give the bytes from `start`; fewer where the connection or the file ends. Raises Trouble."""

    def read(self, file: File, start: int = 0, length: int | None = None) -> bytes:
        """Give a stretch of a file, the whole of it by default. Raises Trouble where not all of it came."""
        if start == 0 and length is None:
            return self._once(file)
        wanted = min(file.size - start, file.size if length is None else length)
        if wanted > MOST:
            raise Trouble(BROKEN, f"{self.path(file.name)} has {wanted:,} bytes, and at most {MOST:,} are read at once")
        content = self.part(file.name, start, wanted) if wanted > 0 else b""
        if len(content) < wanted:
            message = f"{self.path(file.name)} ended after {len(content):,} of {wanted:,} bytes"
            raise Trouble(UNREACHABLE, message, "run `llmc lock` again")
        return content

    def _once(self, file: File) -> bytes:
        """A whole file. Those are small, and asked for by several readers."""
        if file.name not in self._whole:
            self._whole[file.name] = self.read(file, 0, file.size)
        return self._whole[file.name]

    def open(self, file: File, tick: Tick | None = None) -> io.BufferedReader:
        """Give a file to read from its start, block by block."""
        return io.BufferedReader(_Blocks(self, file, tick), BLOCK)

    def digest(self, file: File, tick: Tick | None = None) -> str:
        """Give the digest of a file's content: what the place says it is, or what it is when read."""
        if file.digest:
            return file.digest
        if file.name in self._whole:
            return digest(self._whole[file.name])
        with self.open(file, tick) as stream:
            return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()

    def path(self, name: str) -> str:
        """Name a file of this place as the user would."""
        return f"{self.shown.rstrip('/')}/{name}" if name else self.shown


class _Blocks(io.RawIOBase):
    """A file of a place as Python reads files."""

    def __init__(self, place: Place, file: File, tick: Tick | None) -> None:
        self.place, self.file, self.tick = place, file, tick
        self.position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.file.size}[whence]
        self.position = max(0, base + offset)
        return self.position

    def readinto(self, buffer: Any) -> int:
        content = self.place.read(self.file, self.position, min(len(buffer), BLOCK))
        buffer[: len(content)] = content
        self.position += len(content)
        if self.tick:
            self.tick(len(content))
        return len(content)
