"""The difference of two texts as a patch, in the unified format that `patch` and `git apply` read."""

from __future__ import annotations

import difflib

from llmc.compiler.language.secrets import hidden

_NO_NEWLINE = "\n\\ No newline at end of file\n"


def unified(name: str, old: str, new: str) -> str:
    """Give the patch that makes `new` of `old`, nothing where they are alike. Secrets become stars."""
    lines = map(hidden, difflib.unified_diff(_lines(old), _lines(new), name, name))
    return "".join(line if line.endswith("\n") else f"{line}{_NO_NEWLINE}" for line in lines)


def _lines(text: str) -> list[str]:
    """Lines as those programs count them: ended by a newline and nothing else, which stays with the line."""
    *whole, rest = text.split("\n")
    return [line + "\n" for line in whole] + ([rest] if rest else [])
