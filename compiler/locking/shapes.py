"""The formats of rows: which columns each has, and what must stand in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llmc.compiler.locking.rows import Row
from llmc.compiler.locking.trouble import BROKEN, Trouble

Values = Mapping[str, Any]


def shaped(row: Row, form: str, columns: Mapping[str, str] | None) -> Values:
    """Give a row's values by our names of the columns; `columns` is our name -> the data's. Raises Trouble."""
    keys, fits = _SHAPES[form]
    names = {key: (columns or {}).get(key, key) for key in keys}
    if missing := [name for name in names.values() if name not in row.values]:
        hint = None if columns else "name them by `columns` where the data calls them something else"
        raise Trouble(BROKEN, f"{row.place}: a {form} row without '{missing[0]}'", hint)
    optional = (columns or {}).get("prompt", "prompt")
    values = {key: row.values[name] for key, name in names.items()} | {"prompt": row.values.get(optional, "")}
    if not fits(values):
        raise Trouble(BROKEN, f"{row.place}: what stands in {' or '.join(names.values())} is not of a {form} row")
    return values


def _are_turns(value: Any) -> bool:
    each = value if isinstance(value, list) else ()
    return bool(each) and all(isinstance(turn, dict) and isinstance(turn.get("role"), str) for turn in each)


def _are_said(values: Values, *keys: str) -> bool:
    return all(isinstance(values[key], str) or _are_turns(values[key]) for key in keys)


_SHAPES: dict[str, tuple[tuple[str, ...], Callable[[Values], bool]]] = {
    "text": (("text",), lambda values: isinstance(values["text"], str)),
    "messages": (("messages",), lambda values: _are_turns(values["messages"])),
    "prompt_completion": (("prompt", "completion"), lambda values: _are_said(values, "prompt", "completion")),
    "preference": (("chosen", "rejected"), lambda values: _are_said(values, "chosen", "rejected")),
    "tokens": (("input_ids",), lambda values: isinstance(values["input_ids"], list)),
}
