"""A data set's entry of the lock: its size, its digest, and its length in tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from llmc.compiler.facts.data_card import count_of, data_digest
from llmc.compiler.locking.count import Count, Use
from llmc.compiler.locking.place import File, Place
from llmc.compiler.locking.progress import Progress
from llmc.compiler.locking.rows import Row, data_files, rows_of
from llmc.compiler.locking.trouble import BROKEN, Trouble

CHUNK = 1000  # rows that are tokenised together
MOST_COLUMNS = 200

Counts = Sequence[Mapping[str, Any]]


def data_entry(
    place: Place, uses: Sequence[Use], earlier: Mapping[str, Any] | None, progress: Progress
) -> dict[str, Any]:
    """Find out about a data set, and count its tokens for every use of it. Raises Trouble.

    `earlier` is its entry of the lock as it was: where its digest still holds, its counts do too, and are kept.
    """
    source = uses[0].wanted.source
    listed = place.files()
    files = data_files(place, listed, source.format, source.split)
    # The compiler compares every file of a folder of the project; nobody compares those of elsewhere.
    entry = {
        "source": place.source,
        "commit": place.commit,
        "digest": _digest(place, listed if place.source == "folder" else files, progress),
        "bytes": sum(file.size for file in files),
    }
    kept = _kept(earlier, uses) if earlier is not None and earlier["digest"] == entry["digest"] else None
    return entry | (_read(place, files, uses, progress) if kept is None else kept)


def _digest(place: Place, files: list[File], progress: Progress) -> str:
    with progress.of(f"{place.shown}: reading", sum(file.size for file in files)) as tick:
        return data_digest({file.name: place.digest(file, tick) for file in files})


def _kept(earlier: Mapping[str, Any], uses: Sequence[Use]) -> dict[str, Any] | None:
    """What still holds of the entry as it was, where that is all of it; also where a tokenizer is out of reach now."""
    known = {name: earlier[name] for name in ("rows", "columns", "tokens")}
    if any(use.tokenizer is None for use in uses):
        return known
    found = [count_of(earlier, use.tokenizer.digest, use.wanted.how, use.template) for use in uses if use.tokenizer]
    counts = [count for count in found if count is not None]
    return known | {"tokens": _sorted(counts)} if len(counts) == len(uses) else None


def _read(place: Place, files: list[File], uses: Sequence[Use], progress: Progress) -> dict[str, Any]:
    counts = [Count(use) for use in uses]
    streamed = all(use.wanted.streaming for use in uses)
    rows, columns = 0, set[str]()
    with progress.of(f"{place.shown}: counting", sum(file.size for file in files)) as tick:
        each = (row for file in files for row in rows_of(place, file, uses[0].wanted.source.format, tick))
        for chunk in _chunks(islice(each, CHUNK) if streamed else each):
            rows += len(chunk)
            columns.update(*(row.values for row in chunk))
            for count in counts:
                count.add(chunk)
    if rows == 0:
        raise Trouble(BROKEN, f"{place.shown} holds no rows")
    if len(columns) > MOST_COLUMNS:
        raise Trouble(BROKEN, f"the rows of {place.shown} have {len(columns):,} different columns")
    found = _sorted([told for count in counts if (told := count.entry())])
    return {"rows": None if streamed else rows, "columns": sorted(columns), "tokens": found}


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _sorted(counts: Counts) -> list[dict[str, Any]]:
    return [dict(count) for count in sorted(counts, key=lambda c: (c["tokenizer"], c["how"], c["template"] or ""))]
