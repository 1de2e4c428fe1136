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
    """A data set's facts. `rows` are those that are used, None where data is streamed; `bytes` are those of all rows.

    `tokens` is None where nobody counted them with this experiment's tokenizer.
    """

    digest: str
    rows: int | None
    bytes: int
    columns: tuple[str, ...]
    tokens: Tokens | None

    def without_tokens(self) -> DataCard:
        """The same card where it is not known which tokenizer there is."""
        return replace(self, tokens=None)


def data_digest(files: Mapping[str, str]) -> str:
    """Give one digest for data: of a single file, whose name here is empty, its own, else of all names and digests."""
    return files[""] if list(files) == [""] else compact_digest(dict(files))


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
