"""The data that compiler and runtime share: schemas, and what is known about the outside world."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@cache
def load(name: str) -> Any:
    """Give the content of a JSON file of this package, by its path from here, such as `section/model.json`.

    The value is shared by all callers: treat it as read-only.
    """
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))
