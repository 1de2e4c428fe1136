"""A config.json as transformers would read it: other names resolved, and what it leaves out filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Nothing real comes near; a number beyond is none of a model, and is not to be counted up to.
LARGEST, MOST_LAYERS = 2**40, 10_000


class Unreadable(Exception):
    """A value is missing, or is not what transformers would take; nobody can say what model that is."""


class Shape:
    """The values that decide about a model's parameters, by the names that its own configuration class has."""

    __slots__ = ("_values", "kind")

    def __init__(self, config: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        self.kind: str = config["model_type"]
        self._values: dict[str, Any] = {**row["defaults"], **config}
        for name, own in row["aliases"].items():
            if name in config:  # the class sets its own names first, then the others
                self._values[own] = config[name]

    def says(self, name: str) -> bool:
        """Whether config.json itself has a key."""
        return name in self._values

    def renamed(self, older: str, name: str) -> Shape:
        """The same shape, where an `older` name of a key wins if it is given."""
        if self._values.get(older) is not None:
            self._values[name] = self._values[older]
        return self

    def without(self, name: str) -> Shape:
        """The same shape as if a key was not given."""
        self._values.pop(name, None)
        return self

    def size(self, name: str, most: int = LARGEST) -> int:
        """A whole number from 1. Raises Unreadable for anything else, also where it is not given."""
        value = self._values.get(name)
        if type(value) is not int or not 1 <= value <= most:
            raise Unreadable(name)
        return value

    def places(self, name: str) -> range:
        """The numbers of so many layers, or heads. Raises Unreadable."""
        return range(self.size(name, MOST_LAYERS))

    def count(self, name: str) -> int:
        """A whole number from 0. Raises Unreadable."""
        value = self._values.get(name)
        if type(value) is not int or not 0 <= value <= LARGEST:
            raise Unreadable(name)
        return value

    def optional(self, name: str) -> int | None:
        """A whole number from 1, or None where it is null or not given. Raises Unreadable."""
        return None if self._values.get(name) is None else self.size(name)

    def flag(self, name: str | None) -> bool:
        """Whether something is so; not where it is null, or where there is no such key. Raises Unreadable."""
        value = self._values.get(name) if name else None
        if value is not None and type(value) is not bool:
            raise Unreadable(name)
        return bool(value)

    def text(self, name: str) -> str:
        """A text. Raises Unreadable."""
        value = self._values.get(name)
        if not isinstance(value, str):
            raise Unreadable(name)
        return value

    def numbers(self, name: str) -> Sequence[int]:
        """A list of whole numbers; empty where it is null or not given. Raises Unreadable."""
        value = self._values.get(name) or []
        if not isinstance(value, (list, tuple)) or any(type(item) is not int for item in value):
            raise Unreadable(name)
        return value
