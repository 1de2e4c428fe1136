"""Puts a spec together from its parents (`extends`) and the overrides of the command line (`--set`).

The rules, whole: a mapping is merged key by key; everything else, lists as well, is replaced by what comes later. A
mapping of another `kind` replaces its parent's whole, because its keys mean other things. The order: parents as listed,
the spec itself, overrides. Two parents that disagree about a value are a conflict, unless the spec itself decides.
An override is no merge: it sets one value, as an edit of the file would.
Every node keeps the place where it was written.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path

from llmc.compiler.language.diagnostics import Diagnostic, Related, Report, Span
from llmc.compiler.language.secrets import hidden
from llmc.compiler.language.source import Node, parse, read_text

_DISCRIMINATORS = ("kind", "engine", "task")

Keys = dict[str, Node]


def load(path: Path, shown: str, report: Report, overrides: Iterable[str] = ()) -> Node | None:
    """Read a spec with everything it extends, and apply `key=value` overrides; None where nothing can be read."""
    tree = _read(path, shown, report, ())
    for text in overrides:
        tree = _override(tree, text, report) if tree else None
    return tree


def _read(path: Path, shown: str, report: Report, children: tuple[Path, ...]) -> Node | None:
    text = read_text(path, shown, report)
    tree = parse(text, shown, report) if text is not None else None
    if tree is None or not isinstance(tree.value, dict) or "extends" not in tree.value:
        return tree
    own = {name: node for name, node in tree.value.items() if name != "extends"}
    parents = list(_parents(tree.value["extends"], path, shown, report, (*children, path.resolve())))
    if report.failed:
        return None
    inherited: Keys = {}
    for parent in parents:
        for name, one, other in _conflicts(inherited, parent, own, ""):
            _report_conflict(name, one, other, report)
        inherited = merge(inherited, parent)
    return Node(merge(inherited, own), tree.span, tree.key)


def _parents(extends: Node, path: Path, shown: str, report: Report, family: tuple[Path, ...]) -> Iterator[Keys]:
    for item in extends.value if isinstance(extends.value, list) else [extends]:
        if not isinstance(item.value, str) or not item.value:
            _say(report, "LLM103", "extends must name a file, or a list of files", item.place)
            continue
        place = path.parent / item.value
        if place.resolve() in family:
            _say(report, "LLM107", f"{item.value} extends itself, directly or through others", item.span)
        elif not place.is_file():
            _say(report, "LLM007", f"cannot read {item.value}: there is no such file", item.span)
        else:
            name = posixpath.normpath(posixpath.join(posixpath.dirname(shown), item.value))
            parent = _read(place, name, report, family)
            if parent and isinstance(parent.value, dict):
                yield parent.value


def merge(earlier: Keys, later: Keys) -> Keys:
    """Merge two mappings by the rules above; neither is changed."""
    merged = dict(earlier)
    for name, node in later.items():
        inner = _mergeable(merged.get(name), node)
        merged[name] = Node(merge(*inner), node.span, node.key, origin=node.origin) if inner else node
    return merged


def put(keys: Keys, steps: list[str], value: Node) -> Keys:
    """Give a mapping with the value at a path set, as if it had been edited there; the mapping is not changed."""
    name, below = steps[0], steps[1:]
    if below:
        there = keys.get(name)
        inner = there.value if there and isinstance(there.value, dict) else {}
        span, key = (there.span, there.key) if there else (value.span, value.key)
        value = Node(put(inner, below, value), span, key)
    return {**keys, name: value}


def in_the_way(keys: Keys, steps: list[str]) -> str | None:
    """Give the path of a value that is no mapping and stands where a path leads through; None where none does."""
    for number, step in enumerate(steps[:-1], 1):
        there = keys.get(step)
        if there is None or there.value is None:
            return None
        if not isinstance(there.value, dict):
            return ".".join(steps[:number])
        keys = there.value
    return None


def _mergeable(one: Node | None, other: Node) -> tuple[Keys, Keys] | None:
    """Both sides' keys, where both are mappings of one kind."""
    if one is None or not isinstance(one.value, dict) or not isinstance(other.value, dict):
        return None
    kinds = ((one.value.get(key), other.value.get(key)) for key in _DISCRIMINATORS)
    same = all(mine is None or yours is None or mine.value == yours.value for mine, yours in kinds)
    return (one.value, other.value) if same else None


def _conflicts(one: Keys, other: Keys, decided: Keys, path: str) -> Iterator[tuple[str, Node, Node]]:
    """Values that two parents give differently and the spec itself leaves open."""
    for name in one.keys() & other.keys():
        inner, ruling = _mergeable(one[name], other[name]), decided.get(name)
        if inner and (ruling is None or isinstance(ruling.value, dict)):
            below: Keys = ruling.value if ruling and isinstance(ruling.value, dict) else {}
            yield from _conflicts(*inner, below, f"{path}{name}.")
        elif ruling is None and _bare(one[name]) != _bare(other[name]):
            yield path + name, one[name], other[name]


def _bare(node: Node) -> object:
    if isinstance(node.value, dict):
        return {name: _bare(child) for name, child in node.value.items()}
    return [_bare(child) for child in node.value] if isinstance(node.value, list) else (type(node.value), node.value)


def _override(tree: Node, text: str, report: Report) -> Node | None:
    """Apply one `a.b=value`; the value is YAML, as it would be typed behind the key."""
    shown = f"--set {hidden(text)}"
    report.sources[shown] = text
    key, equals, written = text.partition("=")
    steps = key.strip().split(".")
    if not equals or not all(steps):
        _say(report, "LLM109", f"an override is key=value, not '{hidden(text)}'", Span(shown, 1, 1, len(text) + 1))
        return None
    # Blanks in place of the key keep the columns of the value as they were typed.
    value = parse(" " * (len(key) + 1) + written, shown, report) if written.strip() else Node(None, Span(shown))
    if value is None or not isinstance(tree.value, dict):
        return None
    value.key = Span(shown, 1, 1, len(key) + 1)
    if obstacle := in_the_way(tree.value, steps):
        _say(report, "LLM109", f"{obstacle} is no mapping, so nothing in it can be set", value.key)
        return None
    return Node(put(tree.value, steps, value), tree.span, tree.key)


def _report_conflict(name: str, one: Node, other: Node, report: Report) -> None:
    related = (Related(one.place, f"{name} has another value here"),)
    help = f"say in the spec itself what {name} is"
    _say(report, "LLM108", f"two parents disagree about {name}", other.place, name, help, related)


def _say(
    report: Report,
    code: str,
    message: str,
    span: Span,
    path: str = "",
    help: str | None = None,
    related: tuple[Related, ...] = (),
) -> None:
    report.add(Diagnostic(code, message, span, path, help=help, related=related))
