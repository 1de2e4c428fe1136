"""What is known about a set of data: its size, and how long its rows are in a tokenizer's tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from llmc.compiler.bundle.render import compact_digest


@dataclass(frozen=True, slots=True)
class Tokens:
    """Lengths of the rows in tokens, before anything is cut off: `p90` is the length that nine in ten do not exceed."""

    total: int
    longest: int
    median: int
    p90: int
    p99: int


@dataclass(frozen=True, slots=True)
class DataCard:
    """A data set's facts. `tokens` is None where nobody counted them with this experiment's tokenizer."""

    digest: str
    rows: int
    bytes: int
    columns: tuple[str, ...]
    tokens: Tokens | None

    def without_tokens(self) -> DataCard:
        """The same card where it is not known which tokenizer there is."""
        return replace(self, tokens=None)


def data_digest(path: str, files: Mapping[str, str]) -> str:
    """Give one digest for data, of its files' digests: a single file's own, else that of all names and digests.

    `files` is path -> digest, as the paths are written in the spec.
    """
    if list(files) == [path]:
        return files[path]
    return compact_digest({name.removeprefix(f"{path.rstrip('/')}/"): value for name, value in files.items()})


def count_of(
    entry: Mapping[str, Any], tokenizer: str | None, how: str, template: str | None
) -> Mapping[str, Any] | None:
    """Find a lock's count of the tokens, made by one tokenizer in one way."""
    wanted = (tokenizer, how, template)
    counts = (count for count in entry["tokens"] if (count["tokenizer"], count["how"], count["template"]) == wanted)
    return next(counts, None)


def tokens_of(count: Mapping[str, Any] | None) -> Tokens | None:
    """Give the lengths that a count found; None where there is no count, or one that could not be made."""
    if count is None or count["total"] is None:
        return None
    return Tokens(**{name: count[name] for name in Tokens.__slots__})
