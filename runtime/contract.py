"""run.json, the contract between compiler and runtime, and the proof that a bundle is the one that was compiled.

Every key of run.json is required and no other is known: the compiler writes nulls, so nothing is implicit here either.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from llmc.runtime.files import digest
from llmc.runtime.refusal import Refusal

VERSION = 1
# Keys of the manifest's inputs that name a role instead of a local file.
ROLES = frozenset({"experiment", "lock"})

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


def load(target_dir: Path) -> Contract:
    """Verify the bundle around a target's folder and read its run.json; raises Refusal (LLM500 to LLM505)."""
    folder = target_dir.resolve()
    bundle = folder.parent
    manifest = _manifest(bundle, target_dir)
    files = _verify_outputs(bundle, folder.name, manifest["outputs"])
    run = read_run(folder / "run.json")
    if run.deepspeed is not None and f"{folder.name}/{run.deepspeed}" not in files:
        raise Refusal("LLM503", f"{run.deepspeed}, which run.json names, is not a file of this bundle")
    base = (folder / run.base).resolve()
    _verify_inputs(base, manifest["inputs"])
    for source in sources(run):
        _verify_folder(base, source.path, manifest["inputs"])
    return Contract(run, folder, base, manifest["digest"], files)


def sources(run: TrainingRun | InferenceRun) -> list[Source]:
    """The data that a run reads."""
    if isinstance(run, InferenceRun):
        return [run.data.input]
    return [source for source in (run.data.train, run.data.eval) if source is not None]


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


def _manifest(bundle: Path, named: Path) -> dict[str, Any]:
    try:
        raw = (bundle / "manifest.json").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise Refusal("LLM500", f"{named} is not a target's folder: there is no manifest.json beside it") from None
    try:
        manifest = json.loads(raw)
        claimed = manifest.pop("digest")
        text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        actual = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        whole = {"inputs": dict(manifest["inputs"]), "outputs": dict(manifest["outputs"]), "digest": claimed}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal("LLM501", f"manifest.json cannot be read: {type(error).__name__}: {error}") from None
    # The bytes are compared too: a change that JSON does not see (white space) is a change nevertheless.
    canonical = json.dumps({**manifest, "digest": claimed}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    if actual != claimed or canonical.encode() != raw:
        raise Refusal("LLM501", f"manifest.json says {claimed}, its content is {actual}")
    return whole


def _verify_outputs(bundle: Path, target: str, outputs: dict[str, str]) -> tuple[str, ...]:
    """Verify what this target runs: the files in the bundle's root and those in the target's folder."""
    mine = sorted(name for name in outputs if "/" not in name or name.startswith(f"{target}/"))
    if f"{target}/run.json" not in mine:
        raise Refusal("LLM500", f"the bundle has no target {target!r}: manifest.json does not list {target}/run.json")
    for name in mine:
        path = bundle / name
        if not path.is_file():
            raise Refusal("LLM503", f"{name} is missing from the bundle")
        if digest(path) != outputs[name]:
            raise Refusal("LLM502", f"{name} is not the file that was compiled")
    return tuple(mine)


def _verify_inputs(base: Path, inputs: dict[str, str]) -> None:
    """Verify the inputs that are local files; whether the data of this run exists is asked by the preflight."""
    for name, expected in sorted(inputs.items()):
        path = base / name
        if name not in ROLES and path.is_file() and digest(path) != expected:
            raise Refusal("LLM504", f"{name} has changed since the bundle was compiled")


def _verify_folder(base: Path, written: str, inputs: dict[str, str]) -> None:
    """Refuse a file that was added to a data folder whose files the manifest lists."""
    listed = {name for name in inputs if name.startswith(f"{written.rstrip('/')}/")}
    if not listed:
        return
    found = (path for path in (base / written).rglob("*") if path.suffix in {".txt", ".jsonl"} and path.is_file())
    for name in sorted(path.relative_to(base / written).as_posix() for path in found):
        if f"{written.rstrip('/')}/{name}" not in listed:
            raise Refusal("LLM504", f"{written.rstrip('/')}/{name} was added after the bundle was compiled")
