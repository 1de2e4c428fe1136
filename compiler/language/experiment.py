"""What the user asked for, typed: the experiment that checks, engines and targets read.

The classes mirror `schemas/`, section by section; a test holds them to it. `Experiment.tree` keeps the located tree
behind them, so that anything said about a key can point at its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmc.compiler.language.source import Node

_STEP = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True, slots=True)
class Lora:
    """Low-rank adapters to train; names are PEFT's."""

    kind: str
    r: int
    alpha: float
    dropout: float
    target_modules: list[str]


@dataclass(frozen=True, slots=True)
class Trained:
    """An adapter that an earlier run trained."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Llama:
    """A new Llama; names are transformers'."""

    kind: str
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    vocab_size: int
    max_position_embeddings: int
    tie_word_embeddings: bool
    rope_theta: float


@dataclass(frozen=True, slots=True)
class Model:
    """The model: pretrained by name, or new by architecture."""

    name_or_path: str | None
    revision: str | None
    dtype: str
    attn_implementation: str
    tokenizer: str | None
    adapter: Lora | Trained | None
    architecture: Llama | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """A file or folder of data and the shape of its rows."""

    path: str
    format: str


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What to learn from. Pre-training always packs and always learns every token."""

    train: Split
    eval: Split | None
    max_length: int
    packing: bool = True
    completion_only_loss: bool = False


@dataclass(frozen=True, slots=True)
class PromptData:
    """What to answer."""

    input: Split


@dataclass(frozen=True, slots=True)
class AdamW:
    """AdamW's parameters."""

    kind: str
    learning_rate: float
    betas: list[float]
    eps: float
    weight_decay: float


@dataclass(frozen=True, slots=True)
class Scheduler:
    """The learning rate's course; at most one of the two warm-ups is set."""

    kind: str
    warmup_steps: int | None
    warmup_ratio: float | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """When the evaluation loss is computed."""

    every_steps: int | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How often a checkpoint is written and how many are kept."""

    every_steps: int
    keep: int


@dataclass(frozen=True, slots=True)
class Training:
    """How the model is trained; sizes of batches are in sequences."""

    epochs: float | None
    max_steps: int | None
    global_batch_size: int
    micro_batch_size: int | None
    optimizer: AdamW
    scheduler: Scheduler
    gradient_clipping: float
    gradient_checkpointing: bool
    seed: int
    log_every_steps: int
    evaluation: Evaluation
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class DeepSpeed:
    """DeepSpeed's part; `config` holds further keys of its configuration, as they are nested there."""

    zero_stage: int
    config: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Generation:
    """How tokens are chosen; names are GenerationConfig's."""

    max_new_tokens: int
    do_sample: bool
    temperature: float | None
    top_p: float | None
    seed: int


@dataclass(frozen=True, slots=True)
class Inference:
    """How prompts are answered."""

    engine: str
    batch_size: int
    generation: Generation


@dataclass(frozen=True, slots=True)
class Local:
    """This machine as a target."""

    kind: str
    accelerator: str
    slots: int
    threads_per_rank: int


Target = Local


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment, whole. Sections that its task does not have are None; `folder` is where the spec lies.

    `variant` says which experiment of a sweep it is, and by which values.
    """

    llmc: int
    name: str
    notes: str | None
    task: str
    model: Model
    data: TrainingData | PromptData
    targets: dict[str, Target]
    training: Training | None
    deepspeed: DeepSpeed | None
    inference: Inference | None
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
        """The paths whose content belongs to the experiment as reviewed: data and a tokenizer's folder, not weights."""
        return [path for key, path in self.paths() if not key.startswith("model.") or key == "model.tokenizer"]

    def paths(self) -> list[tuple[str, str]]:
        """Every path of the file system that the spec names, as (key, path); hub ids are none."""
        found = [(f"data.{key}.path", split.path) for key, split in _splits(self.data) if split]
        named = [("model.name_or_path", self.model.name_or_path), ("model.tokenizer", self.model.tokenizer)]
        found += [(key, path) for key, path in named if path and is_folder(path)]
        if isinstance(self.model.adapter, Trained):
            found.append(("model.adapter.path", self.model.adapter.path))
        return found


def is_folder(name: str) -> bool:
    """Whether a model's or tokenizer's name is a folder, not a hub id. The text decides, not what exists."""
    return name.startswith(("./", "../", "/"))


def _splits(data: TrainingData | PromptData) -> list[tuple[str, Split | None]]:
    return [("input", data.input)] if isinstance(data, PromptData) else [("train", data.train), ("eval", data.eval)]


def plain(node: Node) -> Any:
    """Give a tree's bare values."""
    if isinstance(node.value, dict):
        return {name: plain(child) for name, child in node.value.items()}
    return [plain(child) for child in node.value] if isinstance(node.value, list) else node.value


def lower(tree: Node, folder: Path, variant: str | None = None) -> Experiment:
    """Make the experiment of a completed tree, one that `validate.complete` found nothing wrong with."""
    spec = plain(tree)
    training, inference, deepspeed = spec.get("training"), spec.get("inference"), spec.get("deepspeed")
    return Experiment(
        llmc=spec["llmc"],
        name=spec["name"],
        notes=spec["notes"],
        task=spec["task"],
        model=_model(spec["model"]),
        data=_data(spec["data"]),
        targets={name: Local(**target) for name, target in sorted(spec["targets"].items())},
        training=_training(training) if training else None,
        deepspeed=DeepSpeed(**deepspeed) if deepspeed else None,
        inference=Inference(**inference | {"generation": Generation(**inference["generation"])}) if inference else None,
        folder=folder,
        tree=tree,
        variant=variant,
    )


def _model(spec: dict[str, Any]) -> Model:
    adapter, architecture = spec["adapter"], spec.get("architecture")
    kinds = {"lora": Lora, "trained": Trained}
    parts = {
        "adapter": kinds[adapter["kind"]](**adapter) if adapter else None,
        "architecture": Llama(**architecture) if architecture else None,
    }
    return Model(**spec | parts)


def _data(spec: dict[str, Any]) -> TrainingData | PromptData:
    if "input" in spec:
        return PromptData(Split(**spec["input"]))
    held_out = Split(**spec["eval"]) if spec["eval"] else None
    return TrainingData(**spec | {"train": Split(**spec["train"]), "eval": held_out})


def _training(spec: dict[str, Any]) -> Training:
    parts = {
        "optimizer": AdamW(**spec["optimizer"]),
        "scheduler": Scheduler(**spec["scheduler"]),
        "evaluation": Evaluation(**spec["evaluation"]),
        "checkpoint": Checkpoint(**spec["checkpoint"]),
    }
    return Training(**spec | parts)
