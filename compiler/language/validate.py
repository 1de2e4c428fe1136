"""One walk over tree and schema that says what is wrong at its place and writes out what was left implicit.

What comes back has every key of its schema, in the schema's order, with numbers as the schema's kind of number: two
specs that mean the same give the same tree. The public jsonschema library is this walk's oracle in the tests; it is not
used here because its errors know no lines and its import alone costs more than a whole compile.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from llmc.compiler.language.diagnostics import Diagnostic, Report, Span
from llmc.compiler.language.limits import outside, show
from llmc.compiler.language.memo import Memo
from llmc.compiler.language.schema import Schema
from llmc.compiler.language.source import Node
from llmc.compiler.language.spelling import closest, is_slip
from llmc.compiler.language.types import WORDS, as_number, fits, looks_like, type_of


def complete(
    node: Node, report: Report, schema: Schema | None = None, path: str = "", memo: Memo | None = None
) -> Node:
    """Validate a spec's tree and give it with every default written out; problems go into the report.

    `schema` and `path` are for a section by itself, `memo` is what it has in common with other experiments.
    """
    return _Walk(report, node.span.file, memo).visit(node, schema or Schema.root(), path)


class _Walk:
    def __init__(self, report: Report, file: str, memo: Memo | None = None) -> None:
        self.report = report
        self.memo = memo
        self.folder = posixpath.dirname(file)

    def visit(self, node: Node, schema: Schema, path: str) -> Node:
        actual = type_of(node.value)
        if node.origin == "refused":
            return node
        if schema.types and not fits(actual, node.value, schema.types):
            self._wrong_type(node, actual, schema, path)
            return node
        if isinstance(value := node.value, dict):
            return self._once((id(node), id(schema)), node, lambda: self._mapping(node, value, schema, path))
        if isinstance(node.value, list):
            return self._list(node, node.value, schema, path)
        return self._scalar(node, schema, path)

    def _once(self, key: Hashable, source: Any, make: Callable[[], Node]) -> Node:
        """Make a node, or take it from the memo, which holds only what nothing had to be said about."""
        if self.memo is None:
            return make()
        found = self.memo.completed(key)
        if found is None:
            said = len(self.report.diagnostics)
            found = make()
            if len(self.report.diagnostics) == said:
                self.memo.keep(key, source, found)
        return found

    # -- mappings -------------------------------------------------------------------------------------------------

    def _mapping(self, node: Node, value: dict[str, Node], schema: Schema, path: str) -> Node:
        if schema.is_open:
            return node
        if schema.discriminator:
            variant = self._variant(node, value, schema, path)
            return self._mapping(node, value, variant, path) if variant else node
        known = schema.properties
        misspelt = set(self._unknown_keys(value, schema, path))
        completed: dict[str, Node] = {}
        for name, child in known.items():
            inner = _join(path, name)
            if name in value:
                completed[name] = self.visit(value[name], child, inner)
            elif child.has_default:
                completed[name] = self._left_out(child, node, inner)
            elif name in schema.data.get("required", ()) and name not in misspelt:
                self._missing(node, name, child, path)
        self._named_by_user(node, value, schema, path, completed)
        return Node(completed, node.span, node.key, node.text, node.origin)

    def _left_out(self, schema: Schema, owner: Node, path: str) -> Node:
        """The completed default of a key that the owner does not have."""
        key = (id(schema), owner.place, path)
        return self._once(key, schema, lambda: self.visit(_default(schema.data["default"], owner), schema, path))

    def _variant(self, node: Node, value: dict[str, Node], schema: Schema, path: str) -> Schema | None:
        key = schema.discriminator or ""
        chooser = schema.properties[key]
        if key not in value:
            if close := closest(key, value):
                self._unknown(value[close], close, key, path, schema)
            else:
                self._missing(node, key, chooser, path)
            return None
        chosen = self.visit(value[key], chooser, _join(path, key)).value
        return schema.variants.get(chosen) if isinstance(chosen, str) else None

    def _unknown_keys(self, value: dict[str, Node], schema: Schema, path: str) -> Iterable[str]:
        """Report keys that do not exist; yield the keys that were probably meant."""
        if schema.other_keys:
            return
        for name, node in value.items():
            if name not in schema.properties:
                close = closest(name, [known for known in schema.properties if known not in value])
                self._unknown(node, name, close, path, schema)
                if close:
                    yield close

    def _named_by_user(
        self, node: Node, value: dict[str, Node], schema: Schema, path: str, completed: dict[str, Node]
    ) -> None:
        """Visit the keys whose names are the user's own, such as targets."""
        pattern = schema.data.get("propertyNames", {}).get("pattern")
        for name, child in value.items():
            if pattern and not re.search(pattern, name):
                self._say(
                    "LLM104",
                    f"'{name}' cannot be a name in {path}",
                    child.key or child.span,
                    _join(path, name),
                    help="use lower-case letters, digits and dashes, at most 63",
                )
            elif schema.other_keys and name not in schema.properties:
                completed[name] = self.visit(child, schema.other_keys, _join(path, name))
        if len(value) < schema.data.get("minProperties", 0):
            self._say("LLM102", f"{path} names nothing", node.place, path, help="name at least one")

    # -- lists and scalars ----------------------------------------------------------------------------------------

    def _list(self, node: Node, value: list[Node], schema: Schema, path: str) -> Node:
        least, most = schema.data.get("minItems", 0), schema.data.get("maxItems", len(value))
        if not least <= len(value) <= most:
            wanted = f"exactly {least}" if least == most else f"at least {least}"
            self._say("LLM104", f"{path} has {len(value)} items and needs {wanted}", node.place, path)
        if schema.data.get("uniqueItems"):
            self._repeated(value, path)
        if schema.items is None:
            return node
        items = [self.visit(item, schema.items, f"{path}[{index}]") for index, item in enumerate(value)]
        return Node(items, node.span, node.key, node.text, node.origin)

    def _repeated(self, value: list[Node], path: str) -> None:
        seen: list[Any] = []
        for item in value:
            if item.value in seen:
                self._say("LLM104", f"{item.value!r} stands twice in {path}", item.span, path, help="remove one")
            seen.append(item.value)

    def _scalar(self, node: Node, schema: Schema, path: str) -> Node:
        value: Any = node.value
        kind = schema.data.get("format")
        if kind and isinstance(value, str):
            value = self._from_here(value, node, kind)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = as_number(value, schema.types)
        if problem := outside(value, schema.data):
            message, hint = problem
            self._say(
                "LLM104",
                f"{path} {message}",
                node.span,
                path,
                help=hint or _for_example(schema),
                fix=hint.split("'")[1] if hint and hint.startswith("did you mean '") else None,
            )
        return Node(value, node.span, node.key, node.text, node.origin, node.variables)

    def _from_here(self, value: str, node: Node, kind: str) -> str:
        """A parent's relative path as seen from the spec that extends it; hub ids and overrides stay as they are."""
        there = posixpath.dirname(node.span.file)
        inherited = node.origin == "spec" and there != self.folder and not node.span.file.startswith("--set ")
        is_folder = kind == "path" or value.startswith(("./", "../"))
        if not inherited or not is_folder or posixpath.isabs(value):
            return value
        seen = posixpath.relpath(posixpath.join(there, value), self.folder or ".")
        return seen if kind == "path" or seen.startswith("../") else f"./{seen}"

    # -- what is said ---------------------------------------------------------------------------------------------

    def _unknown(self, node: Node, name: str, meant: str | None, path: str, schema: Schema) -> None:
        where = f" in {path}" if path else ""
        span = node.key or node.span
        homes = sorted({home for home, key in Schema.root().paths() if key == name})
        if meant:
            hint = f"did you mean '{meant}'?"
        elif homes:
            hint = f"'{name}' belongs in {' or '.join(home or 'the top level' for home in homes[:3])}"
        else:
            hint = f"known keys: {', '.join(schema.properties)}"
        quoted = span.end_column - span.column != len(name)
        self._say(
            "LLM101",
            f"unknown key '{name}'{where}",
            span,
            _join(path, name),
            fix=f'"{meant}"' if meant and quoted else meant,
            fix_is_safe=bool(meant and not homes and self._is_certain(node, name, meant, schema)),
            help=hint,
            why="a key that nothing reads would be a setting that silently does not hold",
        )

    def _is_certain(self, node: Node, name: str, meant: str, schema: Schema) -> bool:
        """Whether a misspelt key can only mean that known one: one slip away, and its value could stand there."""
        child, trial = schema.properties[meant], Report()
        if isinstance(node.value, (dict, list)):
            fits = not child.types or type_of(node.value) in child.types  # what is inside is the next question
        else:
            _Walk(trial, node.span.file).visit(node, child, meant)
            fits = all(problem.fix_is_safe for problem in trial)
        return fits and is_slip(name, meant, schema.properties)

    def _missing(self, node: Node, name: str, child: Schema, path: str) -> None:
        example = child.data.get("examples", [None])[0]
        hint = f"add `{name}: {show(example)}`" if example is not None else f"add `{name}:`"
        self._say(
            "LLM102",
            f"{path or 'the spec'} needs the key '{name}'",
            node.place,
            _join(path, name),
            help=_about(hint, child),
        )

    def _wrong_type(self, node: Node, actual: str, schema: Schema, path: str) -> None:
        wanted = " or ".join(WORDS[t] for t in schema.types)
        typed = node.text or show(node.value)
        code, hint, fix, safe = "LLM103", None, None, False
        if "string" in schema.types and node.text:
            code, fix = "LLM106", json.dumps(node.text)
            hint = f"quote it: {fix}"
            safe = actual in ("integer", "number") and outside(node.text, schema.data) is None
        elif isinstance(node.value, str) and looks_like(node.value, schema.types):
            fix, hint, safe = node.value, "remove the quotes", True
        elif "object" in schema.types and node.value is None:
            hint = "write {} for a mapping without keys"
        self._say(
            code,
            f"{path or 'the spec'} must be {wanted}, not {WORDS[actual]}: {typed[:60]}",
            node.place,
            path,
            help=hint or _for_example(schema),
            fix=fix,
            fix_is_safe=safe,
        )

    def _say(self, code: str, message: str, span: Span, path: str, **more: Any) -> None:
        self.report.add(Diagnostic(code, message, span, path, **more))


def _for_example(schema: Schema) -> str | None:
    """What would be right at this place, for who wrote something else."""
    example = schema.data.get("examples", [None])[0]
    return None if example is None else _about(f"for example {show(example)}", schema)


def _about(hint: str, schema: Schema) -> str:
    about = schema.data.get("description", "")
    return f"{hint}: {about[:1].lower()}{about[1:]}" if about else hint


def _default(value: Any, owner: Node) -> Node:
    """Make a node of a schema's default; it has no place of its own, so it borrows its owner's."""
    if isinstance(value, dict):
        return Node({k: _default(v, owner) for k, v in value.items()}, owner.place, origin="default")
    if isinstance(value, list):
        return Node([_default(v, owner) for v in value], owner.place, origin="default")
    return Node(value, owner.place, origin="default")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
