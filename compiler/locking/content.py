"""What stands in the small files of a place."""

from __future__ import annotations

import json
from typing import Any

from llmc.compiler.locking.place import File, Place
from llmc.compiler.locking.trouble import BROKEN, Trouble


def json_of(place: Place, file: File, start: int = 0, length: int | None = None) -> dict[str, Any]:
    """Read a JSON mapping, or one that is a stretch of a file. Raises Trouble.

    Infinity, which some config.json hold though JSON does not have it, is read as that word.
    """
    raw = place.read(file, start, length)
    try:
        content = json.loads(raw, parse_constant=str)
        if b"\\ud" in raw:
            json.dumps(content, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError):
        raise Trouble(BROKEN, f"{place.path(file.name)} is not JSON") from None
    if not isinstance(content, dict):
        raise Trouble(BROKEN, f"{place.path(file.name)} is not a JSON mapping")
    return content


def text_of(place: Place, file: File) -> str:
    """Read a text file. Raises Trouble."""
    try:
        return place.read(file).decode()
    except UnicodeDecodeError:
        raise Trouble(BROKEN, f"{place.path(file.name)} is not UTF-8 text") from None
