"""What the experiments of a sweep have in common, worked out once.

A sweep changes a few values; the sections that it leaves alone are the same nodes in every experiment. A memo is filled
by the spec without its sweep and only read afterwards, so it does not grow with the number of experiments.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from llmc.compiler.language.source import Node


class Memo:
    """Results by the identity of what they were made of; it holds on to that, so no identity is used twice."""

    def __init__(self) -> None:
        self.learning = True
        self._completed: dict[Hashable, tuple[Any, Node]] = {}
        self._lowered: dict[int, Any] = {}
        self._shared: set[int] = set()

    def completed(self, key: Hashable) -> Node | None:
        """What was kept under a key."""
        found = self._completed.get(key)
        return found[1] if found else None

    def keep(self, key: Hashable, source: Any, result: Node) -> None:
        """Keep a completed node that nothing had to be said about; nothing once the memo is filled."""
        if self.learning:
            self._completed[key] = (source, result)
            self._shared.add(id(result))

    def lowered(self, node: Node, make: Callable[[Node], Any]) -> Any:
        """What is made of a completed node: once, where the node is shared."""
        if id(node) not in self._shared:
            return make(node)
        if id(node) not in self._lowered:
            self._lowered[id(node)] = make(node)
        return self._lowered[id(node)]
