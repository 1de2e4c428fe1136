"""Reads specs and bundles as they were at a git revision, without touching the work tree.

What a spec needs is written to a temporary folder: the spec, its lock, and every file or folder of the repository
that one of its values names, such as those that it extends. Links are left out: where they lead is in no revision.
"""

from __future__ import annotations

import os
import posixpath
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.source import MAX_BYTES, Node, parse

_LINK = "120000"


class GitError(Exception):
    """What git said no to; the message is for people."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit of the repository that the current folder belongs to: its files with their objects, and its folders."""

    name: str
    files: dict[str, str]
    folders: frozenset[str]

    def holds(self, path: str) -> bool:
        """Whether a path, from the repository's root, is a file or a folder here."""
        return path in self.files or path in self.folders

    def copy(self, path: str, to: Path) -> Path:
        """Write a file or folder, with what the specs in it name, below `to`; give where it then is."""
        todo, done = list(self._below(path)), set[str]()
        while todo:
            name = todo.pop()
            if name in done:
                continue
            done.add(name)
            content = _git("cat-file", "blob", self.files[name])
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            (to / name).write_bytes(content)
            if name.endswith((".yaml", ".yml")) and len(content) <= MAX_BYTES:
                todo += self._named(name, content)
        return to / path

    def _below(self, path: str) -> Iterator[str]:
        if path in self.files:
            yield path
        elif path in self.folders:
            yield from (name for name in self.files if name.startswith(f"{path}/"))

    def _named(self, spec: str, content: bytes) -> Iterator[str]:
        folder, stem = posixpath.dirname(spec), posixpath.splitext(posixpath.basename(spec))[0]
        tree = parse(content.decode(errors="replace"), spec, Report())
        for value in (f"{stem}.lock.json", *(_texts(tree) if tree else ())):
            path = posixpath.normpath(posixpath.join(folder, value))
            if path not in (".", folder):
                yield from self._below(path)


def revision(name: str) -> Revision:
    """Find a revision by any name that git knows.

    Raises:
        GitError: there is no such revision, no repository, or no git.
    """
    rows = _git("ls-tree", "-r", "-z", "--full-tree", _commit(name)).decode(errors="surrogateescape").split("\0")
    files, folders = {}, set[str]()
    for row in filter(None, rows):
        about, _, path = row.partition("\t")
        mode, kind, blob = about.split()
        steps = path.split("/")
        if kind != "blob" or mode == _LINK or ".." in steps:  # a submodule is no blob; no honest tree has a `..`
            continue
        files[path] = blob
        folders |= {"/".join(steps[:depth]) for depth in range(1, len(steps))}
    return Revision(name, files, frozenset(folders))


def ends(text: str) -> tuple[str, str] | None:
    """Split `A..B`, or `A...B`, which starts where the two parted; None where `text` names no range of revisions."""
    dots = "..." if "..." in text else ".."
    old, found, new = text.partition(dots)
    if not found:
        return None
    old, new = old or "HEAD", new or "HEAD"
    try:
        commits = _commit(old), _commit(new)
        return (_git("merge-base", *commits).decode().strip() if dots == "..." else old), new
    except GitError:
        return None


def from_root(path: str) -> str:
    """Give a path of the work tree as seen from the repository's root.

    Raises:
        GitError: the current folder is in no repository.
    """
    prefix = _git("rev-parse", "--show-prefix").decode(errors="surrogateescape").removesuffix("\n")
    return posixpath.normpath(posixpath.join(prefix, path))


def _commit(name: str) -> str:
    try:
        return _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").decode().strip()
    except GitError as error:
        raise GitError(str(error) or f"there is no revision '{name}'") from None


def _texts(node: Node) -> Iterator[str]:
    """Every value that could be a relative path."""
    value = node.value
    if isinstance(value, str) and value and not value.startswith("/"):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(child)


def _git(*arguments: str) -> bytes:
    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False, env=environment)
    except FileNotFoundError:
        raise GitError("git is not installed") from None
    if done.returncode:
        raise GitError(done.stderr.decode(errors="replace").strip().removeprefix("fatal: "))
    return done.stdout
