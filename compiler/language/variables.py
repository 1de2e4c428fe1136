"""Puts the values of `variables` where the spec says `${name}`.

Nothing is computed and nothing is read from the environment: a variable is a value with a name. A value that is nothing
but `${name}` takes the variable's type; inside other text the variable is written out. `$${` stands for `${` itself.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import replace

from llmc.compiler.language.diagnostics import Diagnostic, Related, Report, Severity
from llmc.compiler.language.schema import Schema
from llmc.compiler.language.source import Node
from llmc.compiler.language.validate import complete

_USE = re.compile(r"\$\$\{|\$\{([^}]*)\}")

Keys = dict[str, Node]


def substitute(tree: Node, report: Report) -> Node:
    """Give the tree with every use of a variable replaced; the section itself stays, with its values worked out."""
    if not isinstance(tree.value, dict):
        return tree
    section = tree.value.get("variables")
    if section is not None:
        complete(section, report, Schema.of("section/variables.json"), "variables")
    given = section.value if section is not None and isinstance(section.value, dict) else {}
    scope = _Scope(given, report)
    values: Keys = {name: scope.apply(node, name) for name, node in tree.value.items() if name != "variables"}
    if section is not None and given:
        scope.tell_unused()
        values["variables"] = Node({name: scope.value_of(name) for name in given}, section.span, section.key)
    return Node(values, tree.span, tree.key, tree.text, tree.origin)


class _Scope:
    """The variables of one spec: each worked out once, with what it is made of."""

    def __init__(self, given: Mapping[str, Node], report: Report) -> None:
        self.given = given
        self.report = report
        self.known: Keys = {}
        self.used: set[str] = set()
        self.open: list[str] = []

    def apply(self, node: Node, path: str) -> Node:
        """A node with every variable in it replaced; the same node where there is none."""
        value = node.value
        if isinstance(value, str):
            return self._text(node, value, path) if "${" in value else node
        if isinstance(value, dict):
            changed = {name: self.apply(child, f"{path}.{name}") for name, child in value.items()}
            same = all(changed[name] is child for name, child in value.items())
            return node if same else Node(changed, node.span, node.key, node.text, node.origin)
        if isinstance(value, list):
            items = [self.apply(child, f"{path}[{index}]") for index, child in enumerate(value)]
            same = all(one is other for one, other in zip(items, value, strict=True))
            return node if same else Node(items, node.span, node.key, node.text, node.origin)
        return node

    def value_of(self, name: str) -> Node:
        """A variable's own value, with the variables in it replaced."""
        if name not in self.known:
            self.open.append(name)
            self.known[name] = self.apply(self.given[name], f"variables.{name}")
            self.open.pop()
        return self.known[name]

    def tell_unused(self) -> None:
        """Say which variables nothing uses."""
        for name in sorted(set(self.given) - self.used):
            node = self.given[name]
            self._say("LLM112", f"nothing uses the variable '{name}'", node, f"variables.{name}", of_key=True)

    def _text(self, node: Node, text: str, path: str) -> Node:
        names = [match[1] for match in _USE.finditer(text) if match[1] is not None]
        self.used.update(names)
        if not all([self._usable(name, node, path) for name in names]):
            return Node(text, node.span, node.key, node.text, "refused")
        place = replace(node.span, exact=False)  # what is typed there is the variable's name, not its value
        whole = _USE.fullmatch(text)
        if whole and whole[1] is not None:
            found = self.value_of(whole[1])
            return Node(found.value, place, node.key, None, found.origin, (whole[1],))
        written = _USE.sub(lambda match: "${" if match[1] is None else _written(self.value_of(match[1])), text)
        return Node(written, place, node.key, None, node.origin, tuple(names))

    def _usable(self, name: str, node: Node, path: str) -> bool:
        if name in self.open:
            circle = " -> ".join([*self.open[self.open.index(name) :], name])
            self._say("LLM111", f"the variable '{name}' is made of itself: {circle}", node, path)
        elif name not in self.given:
            close = difflib.get_close_matches(name, self.given, n=1, cutoff=0.6)
            meant = f"did you mean '${{{close[0]}}}'?" if close else None
            hint = meant or "define it under `variables`, or write $${ where the text is meant"
            self._say("LLM111", f"there is no variable '{name}'", node, path, help=hint)
        else:
            # One that is no single value was refused where it stands.
            return not isinstance(self.given[name].value, (dict, list))
        return False

    def _say(
        self, code: str, message: str, node: Node, path: str, help: str | None = None, of_key: bool = False
    ) -> None:
        span = node.key if of_key and node.key else node.span
        severity: Severity = "warning" if code == "LLM112" else "error"
        related = tuple(Related(self.given[name].place, f"'{name}' is made here") for name in self.open)
        self.report.add(Diagnostic(code, message, span, path, severity, help=help, related=related))


def _written(node: Node) -> str:
    """A variable inside other text: text as it is, the rest as it was typed."""
    if isinstance(node.value, str):
        return node.value
    return node.text or json.dumps(node.value)
