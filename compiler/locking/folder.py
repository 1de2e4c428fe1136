"""Files of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmc.compiler.facts.files import visible
from llmc.compiler.locking.place import File, Place
from llmc.compiler.locking.trouble import DENIED, MISSING, UNREACHABLE, Trouble


class Folder(Place):
    """A folder, or a single file, whose name in its place is then empty.

    `deep` also lists what is in folders below, except for hidden files.
    """

    source = "folder"

    def __init__(self, root: Path, shown: str, *, deep: bool = True) -> None:
        super().__init__()
        self.root, self.shown, self.deep = root, shown, deep

    def files(self) -> list[File]:
        with self._told():
            if self.root.is_file():
                return [File("", self.root.stat().st_size)]
            if not self.root.is_dir():
                raise Trouble(MISSING, f"there is no '{self.shown}' on this machine")
            return [File(path.relative_to(self.root).as_posix(), path.stat().st_size) for path in self._paths()]

    def part(self, name: str, start: int, length: int) -> bytes:
        with self._told(), (self.root / name).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def _paths(self) -> list[Path]:
        list(self.root.iterdir())  # a folder that may not be read lists nothing without complaint
        if self.deep:
            return visible(self.root)
        return sorted(path for path in (*self.root.iterdir(), *self.root.glob("*/*.jinja")) if path.is_file())

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except PermissionError as error:
            place = self._shown(error)
            raise Trouble(DENIED, f"{place} may not be read", "ask for permission, or correct the path") from None
        except FileNotFoundError as error:
            raise Trouble(MISSING, f"{self._shown(error)} went away while it was read") from None
        except OSError as error:
            raise Trouble(UNREACHABLE, f"{self._shown(error)} cannot be read: {error.strerror}") from None

    def _shown(self, error: OSError) -> str:
        path = Path(str(error.filename or self.root))
        inside = path.is_relative_to(self.root) and path != self.root
        return self.path(path.relative_to(self.root).as_posix()) if inside else self.shown
