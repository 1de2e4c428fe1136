"""Files that are never seen half-written, and their digests."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any


def digest(path: Path) -> str:
    """`sha256:<hex>` of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or the next start after a kill, sees the old bytes or all the new ones."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def write_json(path: Path, value: Any) -> None:
    """Write a value atomically as JSON for people and tools: indented, sorted, NaN refused (ValueError)."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_atomic(path, f"{text}\n".encode())


def append_json(path: Path, row: dict[str, Any]) -> None:
    """Append one row to a .jsonl file in a single write, so that rows of two processes never mix."""
    with path.open("ab", buffering=0) as file:
        file.write(f"{json.dumps(row, ensure_ascii=False, allow_nan=False)}\n".encode())


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a .jsonl file of ours; a last line that a kill cut is left out, a missing file has none."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1] if line]
