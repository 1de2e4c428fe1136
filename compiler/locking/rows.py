"""The rows of a data set, as the runtime will read them: JSON lines, plain texts, and Parquet as hubs keep it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmc.compiler.locking.place import File, Place
from llmc.compiler.locking.progress import Tick
from llmc.compiler.locking.trouble import BROKEN, MISSING, Trouble, not_installed

# A longer line is no row: it would have to fit into memory, in pieces of it as well.
LONGEST_LINE = 256 * 2**20
_ENDINGS = {"text": (".txt", ".jsonl", ".parquet")}
_OTHER_ENDINGS = (".jsonl", ".parquet")


@dataclass(frozen=True, slots=True)
class Row:
    """A row and where it stands: `file:number`."""

    place: str
    values: Mapping[str, Any]


def data_files(place: Place, listed: list[File], form: str, split: str | None) -> list[File]:
    """Choose the files that hold rows. Raises Trouble where there are none.

    Of a hub's data set, those of a split have its name as a part of theirs, as in `train-00000-of-00002.parquet`.
    Source: huggingface.co/docs/hub/datasets-file-names-and-splits.
    """
    if [file.name for file in listed] == [""]:
        return listed
    endings = _ENDINGS.get(form, _OTHER_ENDINGS)
    found = [file for file in listed if file.name.endswith(endings)]
    if split and place.source == "hub":
        found = [file for file in found if split in file.name.replace("/", "-").replace(".", "-").split("-")]
    if not found:
        of_split = f" of split '{split}'" if split else ""
        raise Trouble(MISSING, f"{place.shown} holds no file{of_split} that ends in {' or '.join(endings)}")
    return found


def rows_of(place: Place, file: File, form: str, tick: Tick | None) -> Iterator[Row]:
    """Read the rows of one file. Raises Trouble for the first that is none."""
    name = file.name or place.shown
    if name.endswith(".parquet"):
        rows = _parquet(place, file, tick)
    elif form == "text" and not name.endswith(".jsonl"):
        rows = _document(place, file, tick)
    else:
        rows = _lines(place, file, tick)
    for number, row in rows:
        where = f"{place.path(file.name)}:{number}"
        if not isinstance(row, dict):
            raise Trouble(BROKEN, f"{where}: a row is a mapping of columns, and this is none")
        yield Row(where, row)


def _lines(place: Place, file: File, tick: Tick | None) -> Iterator[tuple[int, Any]]:
    with place.open(file, tick) as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE):
            number += 1
            if not line.strip():
                continue
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                raise Trouble(BROKEN, f"{place.path(file.name)}:{number}: not JSON") from None


def _document(place: Place, file: File, tick: Tick | None) -> Iterator[tuple[int, Any]]:
    with place.open(file, tick) as stream:
        content = stream.read()
    try:
        yield 1, {"text": content.decode()}
    except UnicodeDecodeError as error:
        raise Trouble(BROKEN, f"{place.path(file.name)}: not UTF-8 text at byte {error.start}") from None


def _parquet(place: Place, file: File, tick: Tick | None) -> Iterator[tuple[int, Any]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise not_installed("pyarrow", "reads Parquet") from None
    try:
        with place.open(file, tick) as stream:
            table, number = pyarrow.parquet.ParquetFile(stream), 0
            for batch in table.iter_batches(batch_size=1000):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except pyarrow.ArrowException as error:
        raise Trouble(BROKEN, f"{place.path(file.name)} is not Parquet ({type(error).__name__})") from None
