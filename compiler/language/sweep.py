"""Makes one spec into many: `sweep` says which keys take which values.

Experiments are numbered in a fixed order (grid by sorted keys, then zip, then list), so the order of keys in the spec
changes nothing. Every value keeps its place in the sweep, so a wrong one is told there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from math import prod

from llmc.compiler.language.compose import Keys, in_the_way, put
from llmc.compiler.language.diagnostics import Diagnostic, Report
from llmc.compiler.language.experiment import plain
from llmc.compiler.language.schema import Schema
from llmc.compiler.language.source import Node
from llmc.compiler.language.validate import complete

LIMIT = 100_000

Choice = tuple[tuple[str, Node], ...]


def expand(tree: Node, report: Report) -> Iterator[tuple[Node, str | None]]:
    """Give each experiment's tree, and what makes it differ; the tree itself, and None, where there is no sweep."""
    if not isinstance(tree.value, dict) or "sweep" not in tree.value or tree.value["sweep"].value is None:
        yield tree, None
        return
    sweep = complete(tree.value["sweep"], report, Schema.of("section/sweep.json"), "sweep")
    base = {name: node for name, node in tree.value.items() if name != "sweep"}
    ways = [] if report.failed or not isinstance(sweep.value, dict) else _ways(sweep.value, base, report)
    count = prod(len(way) for way in ways)
    if count > LIMIT:
        _refuse(report, f"a sweep of {count:,} experiments; the most is {LIMIT:,}", sweep, "sweep")
    if report.failed:
        return
    for number, choices in enumerate(product(*ways), 1):
        chosen = [pair for choice in choices for pair in choice]
        yield _experiment(tree, base, chosen, f"{number:0{len(str(count))}}"), _told(chosen, number, count)


def _ways(sweep: Keys, base: Keys, report: Report) -> list[list[Choice]]:
    """The choices of each way that is given; one experiment takes one choice of each."""
    grid, zipped, listed = (sweep[name].value for name in ("grid", "zip", "list"))
    ways: list[list[Choice]] = []
    if isinstance(grid, dict):
        ways += [[((path, _at(value, grid[path])),) for value in _items(grid[path])] for path in sorted(grid)]
    if isinstance(zipped, dict):
        ways.append(_zip(zipped, report))
    if isinstance(listed, list):
        ways.append([tuple(sorted(item.value.items())) for item in listed if isinstance(item.value, dict)])
    for path, node in (pair for way in ways for choice in way for pair in choice):
        if not all(path.split(".")):
            _refuse(report, f"'{path}' is no dotted key", node, f"sweep.{path}")
        elif obstacle := in_the_way(base, path.split(".")):
            _refuse(report, f"{obstacle} is no mapping, so nothing in it can be set", node, f"sweep.{path}")
    return ways


def _zip(zipped: Keys, report: Report) -> list[Choice]:
    paths = sorted(zipped)
    length = len(_items(zipped[paths[0]]))
    for path in paths:
        if len(_items(zipped[path])) != length:
            counts = f"{path} has {len(_items(zipped[path]))} values, {paths[0]} has {length}"
            _refuse(report, f"zip needs lists of one length: {counts}", zipped[path], f"sweep.zip.{path}")
            return []
    columns = ([(path, _at(value, zipped[path])) for value in _items(zipped[path])] for path in paths)
    return list(zip(*columns, strict=True))


def _items(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else []


def _at(value: Node, owner: Node) -> Node:
    """A list's item under the key that the list stands under: a wrong key is told at that key."""
    return Node(value.value, value.span, owner.key, value.text, value.origin)


def _experiment(tree: Node, base: Keys, chosen: list[tuple[str, Node]], number: str) -> Node:
    keys = base
    for path, value in chosen:
        keys = put(keys, path.split("."), value)
    name = keys.get("name")
    if name is not None and isinstance(name.value, str):
        keys = {**keys, "name": Node(f"{name.value}-{number}", name.span, name.key, name.text, name.origin)}
    return Node(keys, tree.span, tree.key)


def _told(chosen: list[tuple[str, Node]], number: int, count: int) -> str:
    values = ", ".join(f"{path} = {json.dumps(plain(node), ensure_ascii=False)}" for path, node in chosen)
    return f"{number} of {count}: {values}"


def _refuse(report: Report, message: str, node: Node, path: str) -> None:
    report.add(Diagnostic("LLM110", message, node.key or node.span, path))
