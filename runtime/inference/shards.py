"""What each rank generated, in files of its own, and the one file they become.

Rank r of n owns the input rows r, r + n, r + 2n, … A shard is appended to batch by batch; resumed, a rank goes on
after its last whole batch, so every batch is generated in the same company as without the interruption.
"""

import json
import os
from pathlib import Path
from typing import Any

from llmc.runtime.files import read_rows
from llmc.runtime.record import Record


def share(rows: int, rank: int, ranks: int) -> range:
    """The input rows of a rank, by number from 0."""
    return range(rank, rows, ranks)


def path(record: Record, rank: int) -> Path:
    """A rank's shard."""
    return record.folder / "shards" / f"rank-{rank}.jsonl"


def keep_whole_batches(shard: Path, batch_size: int, share_size: int) -> int:
    """Cut a shard after its last whole batch; returns how many rows are left. Creates the file."""
    shard.parent.mkdir(exist_ok=True)
    rows = read_rows(shard)
    kept = rows if len(rows) == share_size else rows[: len(rows) // batch_size * batch_size]
    write(shard, kept, mode="wb")
    return len(kept)


def write(shard: Path, rows: list[dict[str, Any]], mode: str = "ab") -> None:
    """Append a batch of rows in one write."""
    with shard.open(mode) as file:
        file.write("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode())


def merge(record: Record, ranks: int) -> None:
    """Write predictions.jsonl in the order of the input, reading the shards side by side."""
    temporary = record.predictions.with_suffix(".tmp")
    shards = [path(record, rank).open("rb") for rank in range(ranks)]
    try:
        with temporary.open("wb") as merged:
            while lines := [line for line in (shard.readline() for shard in shards) if line]:
                merged.writelines(lines)
            merged.flush()
            os.fsync(merged.fileno())
    finally:
        for shard in shards:
            shard.close()
    temporary.replace(record.predictions)
