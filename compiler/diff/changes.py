"""Compares what experiments mean, and says of each change whether it changes the result.

Which class a key is in is data: `schemas/catalog/changes.json`, where the longest key that begins it decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from llmc import schemas
from llmc.compiler.diff.meaning import Meaning, Rows, Value

INPUTS = "inputs"
_TABLE = "catalog/changes.json"


@dataclass(slots=True)
class Change:
    """One value that differs; `old` or `new` is None where there is none.

    `kind` is its class, `file` the artefact it is in (None for the spec, `inputs` for the content of data), `copies`
    are values of artefacts that follow it.
    """

    kind: str
    file: str | None
    key: str
    old: Value | None
    new: Value | None
    copies: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fact:
    """A number that follows exactly from what changed."""

    what: str
    old: int
    new: int


@dataclass(slots=True)
class Comparison:
    """Two experiments, by name; one of them is None where it is only on the other side."""

    old: str | None
    new: str | None
    changes: list[Change] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    whole: bool = True

    @property
    def differs(self) -> bool:
        """Whether there is any difference."""
        return bool(self.changes) or self.old is None or self.new is None


def classes() -> dict[str, str]:
    """What classes of change there are, the weightiest first, and what each means."""
    return dict(schemas.load(_TABLE)["classes"])


def kind_of(file: str | None, key: str) -> str:
    """Give the class of a key of the spec, or of an artefact."""
    table = schemas.load(_TABLE)
    if file is None:
        if key.startswith("deepspeed.config."):
            return kind_of("deepspeed.json", key.removeprefix("deepspeed.config."))
        return _lookup(table["spec"], key) or "numerics"
    name = file.rpartition("/")[2]
    found = _lookup(table["artefacts"].get(name, {}), key)
    if found is None and name == "run.json":
        return kind_of(None, key)
    return found or "infrastructure"


def _lookup(table: Mapping[str, Any], key: str) -> str | None:
    steps = key.split(".")
    for length in range(len(steps), -1, -1):
        if entry := table.get(".".join(steps[:length])):
            return str(entry["class"])
    return None


def compare(old: list[Meaning], new: list[Meaning]) -> list[Comparison]:
    """Compare the experiments of two sides: one with one, else those of the same name."""
    if len(old) == len(new) == 1:
        return [_compare(old[0], new[0])]
    ours, theirs = {one.name: one for one in old}, {one.name: one for one in new}
    names = dict.fromkeys([*ours, *theirs])
    pairs = ((name, ours.get(name), theirs.get(name)) for name in names)
    return [
        _compare(one, other) if one and other else Comparison(name if one else None, name if other else None)
        for name, one, other in pairs
    ]


def _compare(old: Meaning, new: Meaning) -> Comparison:
    if old.spec is not None and new.spec is not None:
        changes = list(_differences(None, old.spec, new.spec))
        texts: list[Change] = []  # they follow from the spec
    else:
        changes = list(_differences(None, old.mirrored, new.mirrored))
        texts = list(_digests("", old.texts, new.texts))
    whole = old.artefacts is not None and new.artefacts is not None
    if whole:
        changes += [*_artefacts(old, new, changes), *_inputs(old, new), *texts]
    order = list(classes())
    changes.sort(key=lambda change: order.index(change.kind))
    return Comparison(old.name, new.name, changes, list(_facts(old, new)), whole)


def _differences(file: str | None, old: Rows, new: Rows) -> Iterator[Change]:
    told: set[str] = set()
    for key in dict.fromkeys([*old, *new]):
        if key not in old or key not in new:
            key = _unit(key, new if key in old else old)
        one, other = (side.get(key) or _section(key, side) for side in (old, new))
        if key not in told and not _same(one, other):
            told.add(key)
            inside = [name for name in (*old, *new) if name.startswith(f"{key}.")]
            yield Change(_weightiest(file, [key, *inside]), file, key, one, other)


def _unit(key: str, rows: Rows) -> str:
    """The section that a side lacks as a whole, or has something else in place of: one change, not one a key."""
    steps = key.split(".")
    sections = (".".join(steps[:length]) for length in range(1, len(steps)))
    return next((name for name in sections if name in rows or _section(name, rows) is None), key)


def _section(key: str, rows: Rows) -> Value | None:
    """What stands below a key, as one value; None where nothing does."""
    below = {name.removeprefix(f"{key}."): row for name, row in rows.items() if name.startswith(f"{key}.")}
    found: dict[str, Any] = {}
    for name, row in below.items():
        *folders, last = name.split(".")
        place = found
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = row.value
    return Value(found, next(iter(below.values())).origin) if below else None


def _same(one: Value | None, other: Value | None) -> bool:
    """Whether two values mean the same; null says as little as nothing, and true is not 1."""
    ours, theirs = (None if row is None else row.value for row in (one, other))
    return bool(ours == theirs) and isinstance(ours, bool) == isinstance(theirs, bool)


def _weightiest(file: str | None, keys: list[str]) -> str:
    kinds = {kind_of(file, key) for key in keys}
    return next(kind for kind in classes() if kind in kinds)


def _artefacts(old: Meaning, new: Meaning, causes: list[Change]) -> Iterator[Change]:
    """What differs in artefacts; a value that only follows another change is noted there instead."""
    ours, theirs = old.artefacts or {}, new.artefacts or {}
    both = _targets(ours) & _targets(theirs)
    for file in sorted(ours.keys() | theirs.keys()):
        if file in ours and file in theirs:
            for change in _differences(file, ours[file], theirs[file]):
                sources = {_source(row.origin) for row in (change.old, change.new) if row}
                cause = next((one for one in causes if _explains(one, change, sources)), None)
                if cause is None:
                    causes = [*causes, change]
                    yield change
                elif change.key not in (*sources, cause.key):
                    cause.copies.append(f"{file}: {change.key}")
        elif _target(file) in both:
            one, other = (Value("a file", "") if file in side else None for side in (ours, theirs))
            yield Change(kind_of(file, ""), file, "", one, other)


def _targets(files: Mapping[str, Rows]) -> set[str]:
    return {_target(file) for file in files}


def _target(file: str | None) -> str:
    return (file or "").partition("/")[0]


def _explains(cause: Change, change: Change, sources: set[str]) -> bool:
    """Whether a change of an artefact follows from another: from the same key, or as the same words in another file."""
    if cause.file is None:
        repeated = str(change.file).endswith("/run.json") and change.key == cause.key
        return repeated or any(_concerns(source, cause.key) for source in sources)
    same = _same(cause.old, change.old) and _same(cause.new, change.new)
    return same and _target(cause.file) == _target(change.file) and _last(cause.key) == _last(change.key)


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _source(origin: str) -> str:
    """The key of the spec that an artefact's value is from: `derived: model.dtype`, `spec: training.seed`."""
    return origin.partition(": ")[2].partition(",")[0]


def _concerns(source: str, key: str) -> bool:
    return source == key or source.startswith(f"{key}.") or key.startswith(f"{source}.")


def _inputs(old: Meaning, new: Meaning) -> Iterator[Change]:
    changes = _digests(INPUTS, old.inputs, new.inputs)
    # Where files are missing nothing is known of their content, so it cannot be called different.
    partial = old.lacks_files or new.lacks_files
    return (change for change in changes if not partial or (change.old and change.new))


def _digests(file: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            one, other = (Value(side[name], "") if name in side else None for side in (old, new))
            yield Change(kind_of(file or name, name if file else ""), file or name, name if file else "", one, other)


def _facts(old: Meaning, new: Meaning) -> Iterator[Fact]:
    """What can be computed from both sides, exactly, and differs."""
    ours, theirs = _numbers(old), _numbers(new)
    for what in dict.fromkeys([*ours, *theirs]):
        if what in ours and what in theirs and ours[what] != theirs[what]:
            yield Fact(what, ours[what], theirs[what])


def _numbers(side: Meaning) -> dict[str, int]:
    spec = {key: row.value for key, row in (side.spec or {}).items()}
    found = {}
    # Only pre-training fills every sequence to its end.
    if spec.get("task") == "pretrain":
        found["tokens per step"] = spec["training.global_batch_size"] * spec["data.max_length"]
        if spec["training.max_steps"]:
            found["tokens in all"] = found["tokens per step"] * spec["training.max_steps"]
    for file, rows in (side.artefacts or {}).items():
        if "launch.processes_per_node" in rows and "launch.nodes" in rows:
            ranks = rows["launch.nodes"].value * rows["launch.processes_per_node"].value
            found[f"ranks on {file.partition('/')[0]}"] = ranks
    return found
