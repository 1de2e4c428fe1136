"""run.json, the contract between compiler and runtime; bundle.py verifies the bundle around it.

Every key of run.json is required and no other is known: the compiler writes nulls, so nothing is implicit here either.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from llmc.runtime.refusal import Refusal

Count = Annotated[int, msgspec.Meta(ge=1)]
Rate = Annotated[float, msgspec.Meta(ge=0)]


class Closed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the contract: immutable, and an unknown key is an error."""


class Target(Closed, frozen=True):
    """Where the run happens. `accelerator` is "cpu" or an accelerator's name in the catalogue."""

    kind: Literal["local"]
    name: str
    accelerator: str


class Launch(Closed, frozen=True):
    """How many processes run, and the environment that each of them gets."""

    nodes: Count
    processes_per_node: Count
    environment: dict[str, str]


class Llama(Closed, frozen=True, tag="llama", tag_field="kind"):
    """A Llama from random weights; the names are those of transformers.LlamaConfig."""

    hidden_size: Count
    intermediate_size: Count
    num_hidden_layers: Count
    num_attention_heads: Count
    num_key_value_heads: Count
    vocab_size: Count
    max_position_embeddings: Count
    tie_word_embeddings: bool
    rope_theta: float


class Lora(Closed, frozen=True, tag="lora", tag_field="kind"):
    """A LoRA adapter to train; the names are those of peft.LoraConfig without the prefix `lora_`."""

    r: Count
    alpha: Rate
    dropout: Rate
    target_modules: list[str]


class Trained(Closed, frozen=True, tag="trained", tag_field="kind"):
    """A PEFT adapter that was trained before."""

    path: str


class Model(Closed, frozen=True):
    """The model and its tokenizer. Either `name_or_path` or `architecture` is given."""

    name_or_path: str | None
    revision: str | None
    dtype: Literal["fp32", "bf16", "fp16"]
    attn_implementation: str | None
    architecture: Llama | None
    tokenizer: str | None
    adapter: Lora | Trained | None

    def __post_init__(self) -> None:
        if (self.name_or_path is None) == (self.architecture is None):
            raise ValueError("exactly one of model.name_or_path and model.architecture is given")
        if self.architecture is not None and self.tokenizer is None:
            raise ValueError("model.architecture needs model.tokenizer")


class Source(Closed, frozen=True):
    """A file or folder of rows, and the shape of a row."""

    path: str
    format: Literal["text", "messages", "prompt_completion"]


class TrainingData(Closed, frozen=True):
    """What is trained on. `max_length` is in tokens."""

    train: Source
    eval: Source | None
    max_length: Count
    packing: bool
    completion_only_loss: bool


class InferenceData(Closed, frozen=True):
    """What is generated from."""

    input: Source


class AdamW(Closed, frozen=True, tag="adamw", tag_field="kind"):
    """torch.optim.AdamW's arguments."""

    learning_rate: Rate
    betas: tuple[float, float]
    eps: float
    weight_decay: Rate


class Scheduler(Closed, frozen=True):
    """The learning rate's course: a warm-up in steps or as a share of all steps, then `kind`."""

    kind: Literal["linear", "cosine", "constant"]
    warmup_steps: Annotated[int, msgspec.Meta(ge=0)] | None
    warmup_ratio: Annotated[float, msgspec.Meta(ge=0, lt=1)] | None

    def __post_init__(self) -> None:
        if self.warmup_steps is not None and self.warmup_ratio is not None:
            raise ValueError("warmup_steps and warmup_ratio are never both given")


class Evaluation(Closed, frozen=True):
    """When data.eval is evaluated: every so many steps, and always at the end."""

    every_steps: Count | None


class Checkpoint(Closed, frozen=True):
    """When a checkpoint is written, and how many complete ones are kept."""

    every_steps: Count | None
    keep: Count


class Training(Closed, frozen=True):
    """How it is trained; batch sizes are rows per rank. Either `epochs` or `max_steps` is given."""

    epochs: Annotated[float, msgspec.Meta(gt=0)] | None
    max_steps: Count | None
    micro_batch_size: Count
    gradient_accumulation_steps: Count
    optimizer: AdamW
    scheduler: Scheduler
    gradient_clipping: Rate | None
    gradient_checkpointing: bool
    seed: Annotated[int, msgspec.Meta(ge=0)]
    log_every_steps: Count
    evaluation: Evaluation
    checkpoint: Checkpoint

    def __post_init__(self) -> None:
        if (self.epochs is None) == (self.max_steps is None):
            raise ValueError("exactly one of training.epochs and training.max_steps is given")


class Generation(Closed, frozen=True):
    """How text is generated; the names are those of transformers.GenerationConfig."""

    max_new_tokens: Count
    do_sample: bool
    temperature: Annotated[float, msgspec.Meta(gt=0)] | None
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] | None
    seed: Annotated[int, msgspec.Meta(ge=0)]


class Inference(Closed, frozen=True):
    """Which engine generates, and how many rows at a time on each rank."""

    engine: Literal["transformers"]
    batch_size: Count
    generation: Generation


class Run(Closed, frozen=True):
    """What the two kinds of run.json have in common."""

    contract: Literal[1]
    name: str
    target: Target
    base: str
    runs: str
    stack: dict[str, str]
    launch: Launch
    model: Model


class TrainingRun(Run, frozen=True):
    """run.json of `pretrain` and `sft`."""

    task: Literal["pretrain", "sft"]
    engine: Literal["deepspeed-training"]
    data: TrainingData
    training: Training
    deepspeed: str
    inference: None


class InferenceRun(Run, frozen=True):
    """run.json of `infer`."""

    task: Literal["infer"]
    engine: Literal["transformers"]
    data: InferenceData
    training: None
    deepspeed: None
    inference: Inference


class Contract(msgspec.Struct, frozen=True):
    """A verified bundle, as one target sees it.

    `folder` is the target's folder, `base` the folder that the paths of run.json start from (both absolute), and
    `digest` the bundle's digest, which a resumed run must share.
    """

    run: TrainingRun | InferenceRun
    folder: Path
    base: Path
    digest: str
    files: tuple[str, ...]

    def path(self, written: str) -> Path:
        """A path of run.json as an absolute one."""
        return self.base / written

    def source(self, written: str) -> str:
        """A model's or tokenizer's place: the folder where there is one, else what was written, as a hub id."""
        path = self.path(written)
        return str(path) if path.is_dir() else written


def read_run(path: Path) -> TrainingRun | InferenceRun:
    """Decode a run.json without verifying the bundle around it; raises Refusal LLM505."""
    data = path.read_bytes()
    try:
        task = msgspec.json.decode(data, type=dict[str, Any]).get("task")
        if task == "infer":
            return msgspec.json.decode(data, type=InferenceRun)
        return msgspec.json.decode(data, type=TrainingRun)
    except msgspec.DecodeError as error:
        raise Refusal("LLM505", f"{path.name}: {error}") from None


def sources(run: TrainingRun | InferenceRun) -> list[Source]:
    """The data that a run reads."""
    if isinstance(run, InferenceRun):
        return [run.data.input]
    return [source for source in (run.data.train, run.data.eval) if source is not None]
