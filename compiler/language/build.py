"""Makes the classes of `sections/` from plain values, as their annotations say.

The values were validated before; here they only get a type. What each annotation asks for is worked out once, because a
sweep builds the same classes ten thousand times.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

Maker = Callable[[Any], Any]


def build(kind: Any, values: Any) -> Any:
    """Make one of a dataclass, or of a union of dataclasses, from the values of a completed section; None of None."""
    return None if values is None else _maker(kind)(values)


@cache
def _maker(annotation: Any) -> Maker:
    """How values of an annotation are made; the identity where nothing inside needs a class."""
    if dataclasses.is_dataclass(annotation):
        return _of_class(cast(type, annotation))
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return _of_union([a for a in arguments if a is not NoneType])
    if origin is list and (item := _maker(arguments[0])) is not _same:
        return lambda values: [item(value) for value in values]
    if origin is dict and (child := _maker(arguments[1])) is not _same:
        return lambda values: {name: child(value) for name, value in values.items()}
    return _same


def _of_class(kind: type) -> Maker:
    hints = get_type_hints(kind)
    makers = [(name, maker) for name, hint in hints.items() if (maker := _maker(hint)) is not _same]

    def make(values: dict[str, Any]) -> Any:
        filled = dict(values)
        for name, maker in makers:
            if filled.get(name) is not None:
                filled[name] = maker(filled[name])
        return kind(**filled)

    return make


def _of_union(kinds: list[Any]) -> Maker:
    """One of several: by its discriminator where those are classes, by being a list or not otherwise."""
    classes: list[Any] = [kind for kind in kinds if dataclasses.is_dataclass(kind)]
    if len(classes) > 1:
        key, by_name = _discriminated(classes)
        return lambda value: by_name[value[key]](value)
    lists = [_maker(kind) for kind in kinds if get_origin(kind) is list]
    single: Maker = _maker(classes[0]) if classes else _same
    many = lists[0] if lists else _same
    if single is _same and many is _same:
        return _same
    return lambda value: many(value) if isinstance(value, list) else single(value)


def _discriminated(classes: list[Any]) -> tuple[str, dict[str, Maker]]:
    """The key whose literal tells classes apart, and the maker for each of its values."""
    key = next(name for name in ("kind", "engine") if name in get_type_hints(classes[0]))
    hints = ((kind, get_type_hints(kind)[key]) for kind in classes)
    return key, {value: _maker(kind) for kind, hint in hints if get_origin(hint) is Literal for value in get_args(hint)}


def _same(value: Any) -> Any:
    return value
