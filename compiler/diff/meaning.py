"""What an experiment means, as rows that can be compared: its whole spec, and every value of its artefacts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmc.compiler.bundle import manifest
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.experiment import WRITING, plain
from llmc.compiler.language.source import Node
from llmc.compiler.pipeline import Understood, bundle_of, understand

# A file that is not committed is no difference in meaning: what can be compared is compared without it.
_MISSING_FILE = "LLM205"
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"


@dataclass(frozen=True, slots=True)
class Value:
    """A value and who gave it: `exp.yaml:21`, `default`, or what the manifest says of an artefact's value."""

    value: Any
    origin: str


Rows = dict[str, Value]


@dataclass(slots=True)
class Meaning:
    """One experiment.

    `spec` is None of a bundle, which holds no spec; `artefacts` (file -> rows) is None where nothing could be compiled.
    `inputs` and `texts` are digests of data and of artefacts that are text; where `lacks_files`, some are unknown.
    """

    name: str
    spec: Rows | None = None
    artefacts: dict[str, Rows] | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    lacks_files: bool = False

    @property
    def mirrored(self) -> Rows:
        """The part of the spec that run.json repeats under the same keys: all of it that a bundle tells."""
        return {
            key: Value(row.value, row.origin.partition(": ")[0])
            for file, rows in (self.artefacts or {}).items()
            if file.endswith("/run.json")
            for key, row in rows.items()
            if row.origin.partition(": ")[2] == key
        }


def of_spec(path: Path, shown: str, report: Report) -> list[Meaning]:
    """Give what every experiment of a spec means; none where it cannot be read, as the report then says."""
    found = list(understand(path, shown, report, wrong_too=True))
    return [_of_experiment(understood) for understood in found]


def _of_experiment(understood: Understood) -> Meaning:
    experiment = understood.experiment
    wrong = {d.code for d in understood.noticed if d.severity == "error"}
    meaning = Meaning(experiment.name) if wrong - {_MISSING_FILE} else of_bundle(bundle_of(understood).files)
    meaning.lacks_files = _MISSING_FILE in wrong
    leaves = _leaves(experiment.tree, "")
    meaning.spec = {k: Value(plain(node), _origin(node)) for k, node in leaves if k.split(".")[0] not in WRITING}
    for name in meaning.inputs:
        meaning.inputs[name] = _pointed_to(experiment.folder / name) or meaning.inputs[name]
    return meaning


def read_bundle(folder: Path) -> Meaning:
    """Give what the bundle in a folder means.

    Raises:
        OSError, ValueError, KeyError, TypeError, AttributeError: the folder holds no whole bundle.
    """
    files = {manifest.FILE: (folder / manifest.FILE).read_bytes()}
    for name in json.loads(files[manifest.FILE])["origins"]:
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"{name} is outside of the bundle")
        files[name] = (folder / name).read_bytes()
    return of_bundle(files)


def of_bundle(files: Mapping[str, bytes]) -> Meaning:
    """Give what a bundle means.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: the files are no bundle.
    """
    about = json.loads(files[manifest.FILE])
    artefacts = {}
    for file, origins in about["origins"].items():
        content = json.loads(files[file])
        artefacts[file] = {key: Value(_at(content, key), str(origin)) for key, origin in origins.items()}
    told = {*artefacts, "PLAN.md"}  # PLAN.md says the same things once more
    texts = {str(file): str(digest) for file, digest in about["outputs"].items() if file not in told}
    inputs = {str(file): str(digest) for file, digest in about["inputs"].items() if file != "experiment"}
    return Meaning(str(about["name"]), None, artefacts, inputs, texts)


def _at(content: Any, key: str) -> Any:
    for step in key.split("."):
        content = content[step]
    return content


def _origin(node: Node) -> str:
    return f"{node.span.file}:{node.span.line}" if node.origin == "spec" else node.origin


def _leaves(node: Node, path: str) -> Iterator[tuple[str, Node]]:
    """Every value with its dotted key; lists and empty mappings are values."""
    if isinstance(node.value, dict) and (node.value or not path):
        for name, child in node.value.items():
            yield from _leaves(child, f"{path}.{name}" if path else name)
    else:
        yield path, node


def _pointed_to(path: Path) -> str | None:
    """The digest of the file that a Git LFS pointer stands for, None for any other file.

    Source: github.com/git-lfs/git-lfs, docs/spec.md: the pointer's `oid sha256:` is the digest of the content.
    """
    try:
        with path.open("rb") as file:
            head = file.read(300)
    except OSError:
        return None
    lines = head.decode(errors="replace").splitlines() if head.startswith(_POINTER) else []
    return next((line.removeprefix("oid ") for line in lines if line.startswith("oid sha256:")), None)
