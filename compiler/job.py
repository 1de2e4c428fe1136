"""What will run on one target, as data. Engines and targets fill a job; the bundle writes it.

An artefact's values are settings: rows of key, value and origin. The nested file and the answer to "where does this
value come from?" are two views of the same rows, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from llmc.compiler.analysis.batch import Batch
from llmc.compiler.analysis.topology import Topology
from llmc.compiler.language.experiment import Experiment, plain
from llmc.compiler.language.sections.targets import Target
from llmc.compiler.language.source import Node


class Settings:
    """The values of one structured artefact with their origins. Keys are dotted paths; each is set once."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[Any, str]] = {}

    def put(self, key: str, value: Any, origin: str) -> None:
        """Set a value that follows from something else; `origin` says from what."""
        if key in self.rows:
            raise ValueError(f"{key} has two owners: {self.rows[key][1]} and {origin}")
        self.rows[key] = (value, origin)

    def take(self, key: str, experiment: Experiment, path: str) -> None:
        """Copy what the spec says at `path`, with everything below it."""
        for below, node in _leaves(experiment.node(path)):
            self.put(key + below, plain(node), origin_of(experiment, path + below))

    def overlay(self, experiment: Experiment, path: str) -> None:
        """Set every key of a mapping in the spec, in place of what is set already; nothing where it is null."""
        for below, node in _leaves(experiment.node(path)):
            value = plain(node)
            # A section without keys sets nothing: it must not take the place of those that stand in it already.
            if below and not (value == {} and self._is_section(below[1:])):
                # YAML's 1e7 is a float; where DeepSpeed wants a number of elements, only an integer will do.
                whole = int(value) if isinstance(value, float) and value.is_integer() else value
                self.rows[below[1:]] = (whole, origin_of(experiment, path + below))

    def _is_section(self, key: str) -> bool:
        return any(row.startswith(f"{key}.") for row in self.rows)

    def tree(self) -> dict[str, Any]:
        """The values as they are nested in the file."""
        root: dict[str, Any] = {}
        for key, (value, _) in self.rows.items():
            *folders, name = key.split(".")
            place = root
            for folder in folders:
                place = place.setdefault(folder, {})
            place[name] = value
        return root

    def origins(self) -> dict[str, str]:
        """The origin of every value, by key."""
        return {key: origin for key, (_, origin) in self.rows.items()}


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that the spec left open: what was decided, and why."""

    what: str
    why: str


@dataclass(slots=True)
class Job:
    """What will run on one target.

    `accelerator` is its name in the catalogue; `structured` are artefacts built as data, `texts` are rendered ones,
    both by path within the target's folder.
    """

    experiment: Experiment
    target_name: str
    target: Target
    accelerator: str
    topology: Topology
    batch: Batch | None
    structured: dict[str, Settings] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)

    @property
    def run(self) -> Settings:
        """run.json, which everybody who fills the job adds to."""
        return self.structured.setdefault("run.json", Settings())


def origin_of(experiment: Experiment, path: str) -> str:
    """Say who gave the value at a path of the spec: `spec: training.seed`, or `default: training.seed`."""
    return f"{experiment.node(path).origin}: {path}"


def _leaves(node: Node) -> Iterator[tuple[str, Node]]:
    """Every value below a node by its path from there; lists are values, as one reviews them whole."""
    if not isinstance(node.value, dict) or not node.value:
        yield "", node
        return
    for name, child in node.value.items():
        for below, leaf in _leaves(child):
            yield f".{name}{below}", leaf
