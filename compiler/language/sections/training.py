"""How long and with what a model is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class AdamW:
    """AdamW's parameters, with moments in 32 or 8 bits."""

    kind: Literal["adamw", "adamw_8bit"]
    learning_rate: float
    betas: list[float]
    eps: float
    weight_decay: float


@dataclass(frozen=True, slots=True)
class Lion:
    """Lion's parameters."""

    kind: Literal["lion"]
    learning_rate: float
    betas: list[float]
    weight_decay: float


@dataclass(frozen=True, slots=True)
class Muon:
    """Muon's parameters; what is no matrix is trained by AdamW."""

    kind: Literal["muon"]
    learning_rate: float
    muon_learning_rate: float | None
    momentum: float
    weight_decay: float


@dataclass(frozen=True, slots=True)
class Scheduler:
    """The learning rate's course; at most one of the two warm-ups is set."""

    kind: str
    warmup_steps: int | None
    warmup_ratio: float | None
    min_lr_rate: float | None = None
    decay_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """How tokens are chosen; names are GenerationConfig's."""

    max_new_tokens: int
    do_sample: bool
    temperature: float | None
    top_p: float | None
    top_k: int | None
    num_beams: int
    repetition_penalty: float | None
    seed: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """When the evaluation loss is computed, and whether prompts are answered as well."""

    every_steps: int | None
    generation: Generation | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How often a checkpoint is written, what is in it, and which ones are kept."""

    every_steps: int
    keep: int
    keep_best: bool
    save_optimizer: bool
    upload: str | None


@dataclass(frozen=True, slots=True)
class TensorBoard:
    """Event files in the run's folder."""


@dataclass(frozen=True, slots=True)
class MLflow:
    """An MLflow server or folder."""

    experiment: str
    tracking_uri: str | None


@dataclass(frozen=True, slots=True)
class Wandb:
    """A project at Weights & Biases."""

    project: str
    entity: str | None
    mode: str


@dataclass(frozen=True, slots=True)
class Trackers:
    """Where metrics go besides the run's own files."""

    tensorboard: TensorBoard | None
    mlflow: MLflow | None
    wandb: Wandb | None


@dataclass(frozen=True, slots=True)
class Training:
    """How the model is trained; sizes of batches are in sequences."""

    epochs: float | None
    max_steps: int | None
    max_tokens: float | None
    global_batch_size: int
    micro_batch_size: int | None
    optimizer: AdamW | Lion | Muon
    scheduler: Scheduler
    gradient_clipping: float
    gradient_checkpointing: bool
    dataloader_num_workers: int
    seed: int
    log_every_steps: int
    evaluation: Evaluation
    checkpoint: Checkpoint
    trackers: Trackers


@dataclass(frozen=True, slots=True)
class Preference:
    """How preferences become a loss; ORPO has `beta` alone."""

    beta: float
    loss_type: str | None = None
    label_smoothing: float = 0.0
    reference_model: str | None = None
    precompute_reference: bool = False
