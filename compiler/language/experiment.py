"""What the user asked for, typed: the experiment that checks, engines and targets read.

Its sections are the classes of `sections/`. `Experiment.tree` keeps the located tree behind them, so that anything said
about a key can point at its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from llmc.compiler.language.build import build
from llmc.compiler.language.memo import Memo
from llmc.compiler.language.sections.data import PromptData, TrainingData
from llmc.compiler.language.sections.execution import DeepSpeed, Inference, Parallelism
from llmc.compiler.language.sections.model import Model, Trained
from llmc.compiler.language.sections.surroundings import Budget, Container, Secret
from llmc.compiler.language.sections.targets import Target
from llmc.compiler.language.sections.training import Preference, Training
from llmc.compiler.language.source import Node

_STEP = re.compile(r"[^.\[\]]+")
Kind = TypeVar("Kind")


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment, whole. Sections that its task does not have are None; `folder` is where the spec lies.

    `variant` says which experiment of a sweep it is, and by which values.
    """

    llmc: int
    name: str
    notes: str | None
    task: str
    stack: str
    model: Model
    data: TrainingData | PromptData
    preference: Preference | None
    training: Training | None
    parallelism: Parallelism
    deepspeed: DeepSpeed | None
    inference: Inference | None
    targets: dict[str, Target]
    container: Container | None
    budget: Budget | None
    secrets: dict[str, Secret]
    folder: Path
    tree: Node
    variant: str | None = None

    def node(self, path: str) -> Node:
        """Give the node at a dotted path, or the nearest one above it."""
        node = self.tree
        for step in _STEP.findall(path):
            value = node.value
            if isinstance(value, dict) and step in value:
                node = value[step]
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                node = value[int(step)]
            else:
                break
        return node

    def inputs(self) -> list[str]:
        """The paths whose content belongs to the experiment as reviewed: data, tokenizer, template; not weights."""
        weights = ("model.name_or_path", "model.adapter", "preference.")
        return [path for key, path in self.paths() if not key.startswith(weights) and not is_remote(path)]

    def paths(self) -> list[tuple[str, str]]:
        """Every path that the spec names, as (key, path), those of s3 as well; hub ids are none."""
        found = [(f"{key}.path", split.path) for key, split in self.data.splits()]
        found += [(key, name) for key, name in self.models() if is_folder(name) or is_remote(name)]
        if self.model.chat_template:
            found.append(("model.chat_template", self.model.chat_template))
        if isinstance(self.model.adapter, Trained):
            found.append(("model.adapter.path", self.model.adapter.path))
        return found

    def targets_of(self, kind: type[Kind]) -> list[tuple[str, Kind]]:
        """Every target of a kind, as (key, target)."""
        return [(f"targets.{name}", target) for name, target in self.targets.items() if isinstance(target, kind)]

    def models(self) -> list[tuple[str, str]]:
        """Every model or tokenizer that the spec names, as (key, name)."""
        named = [("model.name_or_path", self.model.name_or_path), ("model.tokenizer", self.model.tokenizer)]
        if self.preference:
            named.append(("preference.reference_model", self.preference.reference_model))
        return [(key, name) for key, name in named if name]


def is_folder(name: str) -> bool:
    """Whether a model's or tokenizer's name is a folder, not a hub id. The text decides, not what exists."""
    return name.startswith(("./", "../", "/"))


def is_hub_id(name: str) -> bool:
    """Whether a model's or tokenizer's name is one of the hub's."""
    return not is_folder(name) and not is_remote(name)


def is_remote(name: str) -> bool:
    """Whether a name is an address, such as s3://bucket/prefix or hf://datasets/owner/name."""
    return "://" in name


def plain(node: Node) -> Any:
    """Give a tree's bare values."""
    if isinstance(node.value, dict):
        return {name: plain(child) for name, child in node.value.items()}
    return [plain(child) for child in node.value] if isinstance(node.value, list) else node.value


# Keys that are about how the spec is written; they mean nothing to what runs.
WRITING = ("extends", "variables", "sweep")


def lower(tree: Node, folder: Path, variant: str | None = None, memo: Memo | None = None) -> Experiment:
    """Make the experiment of a completed tree, one that `validate.complete` found nothing wrong with."""
    assert isinstance(tree.value, dict), "a completed tree is a mapping"
    spec = {name: plain(node) for name, node in tree.value.items() if name not in _MADE}
    kept = memo or Memo()
    for name, make in _MAKERS.items():
        node = tree.value.get(name)
        spec[name] = kept.lowered(node, make) if node else None
    return Experiment(**spec, folder=folder, tree=tree, variant=variant)


def _data(node: Node) -> Any:
    """The two shapes of data have no discriminator: only prompts have an `input`."""
    values = plain(node)
    return build(PromptData if "input" in values else TrainingData, values)


def _each(kind: Any) -> Callable[[Node], Any]:
    return lambda node: {name: build(kind, values) for name, values in sorted(plain(node).items())}


def _one(kind: Any) -> Callable[[Node], Any]:
    return lambda node: build(kind, plain(node))


_MAKERS: dict[str, Callable[[Node], Any]] = {
    "model": _one(Model),
    "data": _data,
    "preference": _one(Preference),
    "training": _one(Training),
    "parallelism": _one(Parallelism),
    "deepspeed": _one(DeepSpeed),
    "inference": _one(Inference),
    "targets": _each(Target),
    "container": _one(Container),
    "budget": _one(Budget),
    "secrets": _each(Secret),
}
_MADE = (*_MAKERS, *WRITING)
