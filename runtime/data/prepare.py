"""Tokenised data on disk: written once by one rank, mapped into memory by all.

A folder holds tokens.bin (int32), flags.bin (one byte per token: is the loss computed on it?), starts.npy (where each
row begins) and summary.json, which is written last: without it the folder does not count.
"""

import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt

from llmc.runtime.data.formats import Row
from llmc.runtime.data.packing import pack
from llmc.runtime.data.tokenise import Encoder, Flags, Ids
from llmc.runtime.files import write_json
from llmc.runtime.refusal import Refusal

CHUNK = 1000
IGNORED = -100  # the label that transformers' losses skip

Example = dict[str, npt.NDArray[np.int64]]


class Summary(msgspec.Struct, frozen=True):
    """What became of the rows: how many are left, their tokens, how many were cut, how many had nothing to learn."""

    rows: int
    tokens: int
    truncated: int
    dropped: int


def write(folder: Path, rows: Iterable[Row], encoder: Encoder, max_length: int | None) -> Summary:
    """Tokenise rows into a folder.

    Rows longer than `max_length` tokens lose their end; a row that then has no token to learn is left out. Both are
    counted. Raises Refusal LLM521 where nothing is left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    starts, truncated, dropped = [0], 0, 0
    with (folder / "tokens.bin").open("wb") as tokens, (folder / "flags.bin").open("wb") as flags:
        for ids, learn in _encode(rows, encoder):
            truncated += max_length is not None and len(ids) > max_length
            if learn[:max_length].any():
                starts.append(starts[-1] + _append(tokens, flags, ids[:max_length], learn[:max_length]))
            else:
                dropped += 1
    summary = Summary(len(starts) - 1, starts[-1], truncated, dropped)
    if summary.rows == 0:
        raise Refusal("LLM521", f"none of {dropped} rows has a token to learn within {max_length} tokens")
    np.save(folder / "starts.npy", np.array(starts, np.int64))
    write_json(folder / "summary.json", msgspec.to_builtins(summary))
    return summary


def read_summary(folder: Path) -> Summary | None:
    """The summary of a folder that `write` finished, else None."""
    path = folder / "summary.json"
    return msgspec.convert(json.loads(path.read_bytes()), Summary) if path.exists() else None


def as_row(summary: Summary) -> dict[str, int]:
    """The summary as the values of an event."""
    return {name: getattr(summary, name) for name in summary.__struct_fields__}


def _encode(rows: Iterable[Row], encoder: Encoder) -> Iterator[tuple[Ids, Flags]]:
    remaining = iter(rows)
    while chunk := list(itertools.islice(remaining, CHUNK)):
        yield from encoder.rows(chunk)


def _append(tokens: BinaryIO, flags: BinaryIO, ids: Ids, learn: Flags) -> int:
    tokens.write(ids.tobytes())
    flags.write(learn.tobytes())
    return len(ids)


class Rows:
    """Prepared rows, one example each; sized and indexable, as torch's DataLoader wants it."""

    def __init__(self, folder: Path) -> None:
        self.tokens = np.memmap(folder / "tokens.bin", np.int32, "r")
        self.flags = np.memmap(folder / "flags.bin", np.bool_, "r")
        self.starts = np.load(folder / "starts.npy")

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> Example:
        return self._slice(self.starts[row], self.starts[row + 1])

    def _slice(self, begin: int, end: int) -> Example:
        ids = self.tokens[begin:end].astype(np.int64)
        return {"input_ids": ids, "labels": np.where(self.flags[begin:end], ids, IGNORED)}


class Stream(Rows):
    """Prepared documents as one stream, cut into blocks of equal length; the last partial block is left out."""

    def __init__(self, folder: Path, max_length: int) -> None:
        super().__init__(folder)
        self.max_length = max_length
        if len(self) == 0:
            raise Refusal("LLM521", f"{len(self.tokens)} tokens do not fill one block of {max_length}")

    def __len__(self) -> int:
        return len(self.tokens) // self.max_length

    def __getitem__(self, block: int) -> Example:
        return self._slice(block * self.max_length, (block + 1) * self.max_length)


class Packed(Rows):
    """Prepared rows packed into blocks of at most `max_length` tokens; see packing.py."""

    def __init__(self, folder: Path, max_length: int) -> None:
        super().__init__(folder)
        self.blocks = pack(np.diff(self.starts).tolist(), max_length)

    def __len__(self) -> int:
        return len(self.blocks)

    def __getitem__(self, block: int) -> Example:
        rows = [super(Packed, self).__getitem__(row) for row in self.blocks[block]]
        for row in rows:
            row["labels"][0] = IGNORED  # the first token of a row is not predicted from the row before it
            row["position_ids"] = np.arange(len(row["input_ids"]))
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
