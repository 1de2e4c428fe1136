"""How artefacts become bytes: data dumped canonically, text rendered strictly."""

from __future__ import annotations

import hashlib
import json
import shlex
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmc import templates

if TYPE_CHECKING:
    import jinja2


def canonical(value: Any) -> bytes:
    """Dump data as the JSON that people review: sorted keys, two spaces, UTF-8, a final newline.

    Raises:
        ValueError: for NaN or an infinity, which are no JSON.
    """
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def digest(content: bytes) -> str:
    """Give `sha256:<hex>` of some bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def compact_digest(value: Any) -> str:
    """Give the digest of data, whatever its layout: of its JSON with sorted keys and no spaces."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return digest(text.encode())


def render(template: str, **values: Any) -> str:
    """Render one of `templates/`. An undefined name is an error; shell text goes through the `sh` filter."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(templates.__file__).parent),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # no HTML is made; each text format has a filter of its own
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sh"] = lambda value: shlex.quote(str(value))
    environment.filters["cell"] = _table_cell
    return environment


def _table_cell(value: Any) -> str:
    """Make text safe inside a cell of a Markdown table, where it must not end the cell, the row or the code span."""
    text = "null" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split()).replace("`", "'").replace("|", "\\|")
