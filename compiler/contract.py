"""run.json, the only thing that the runtime reads: what every target's has in common.

Its shape is `schemas/run.schema.json`, the contract between compiler and runtime. All keys are always there.
"""

from __future__ import annotations

from collections.abc import Iterable

from llmc.compiler.facts.stack import Stack
from llmc.compiler.job import Job, Settings
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.data import PromptData

CONTRACT = 1

# What run.json holds of each section. What else the language has must be left at its neutral value: a check sees to it.
_MODEL = ("name_or_path", "revision", "dtype", "attn_implementation", "tokenizer", "architecture")
_ADAPTER = {"lora": ("kind", "r", "alpha", "dropout", "target_modules"), "trained": ("kind", "path")}
_SPLIT = ("path", "format")
_DATA = ("max_length", "packing", "completion_only_loss")
_GENERATION = ("max_new_tokens", "do_sample", "temperature", "top_p", "seed")
_TRAINING = (
    "epochs", "max_steps", "optimizer", "scheduler", "gradient_clipping", "gradient_checkpointing", "seed",
    "log_every_steps", "evaluation.every_steps", "checkpoint.every_steps", "checkpoint.keep",
)  # fmt: skip


def begin(job: Job, base: str, engine: str, stack: Stack) -> None:
    """Start run.json for a job; the engine adds `deepspeed`, the target adds `launch`.

    `base` is the spec's folder as seen from the target's folder: where relative paths in run.json start.
    """
    run = job.run
    run.put("contract", CONTRACT, "fixed: the version of run.json")
    run.take("name", job.experiment, "name")
    run.take("task", job.experiment, "task")
    run.put("engine", engine, "derived: task and inference.engine")
    run.put("base", base, "derived: the spec's folder")
    run.put("runs", f"runs/{job.experiment.name}", "derived: name")
    _target(run, job)
    for library, version in stack.versions.items():
        run.put(f"stack.{library}", version, f"fixed: stack {stack.name}")
    _sections(run, job)


def _target(run: Settings, job: Job) -> None:
    run.put("target.name", job.target_name, "derived: the key under targets")
    for key in ("kind", "accelerator"):
        run.take(f"target.{key}", job.experiment, f"targets.{job.target_name}.{key}")


def _sections(run: Settings, job: Job) -> None:
    _model(run, job.experiment)
    _data(run, job.experiment)
    if job.experiment.inference:
        _take(run, job.experiment, "inference", ("engine", "batch_size"))
        _take(run, job.experiment, "inference.generation", _GENERATION)
        run.put("training", None, "fixed: nothing is trained")
    else:
        _training(run, job)


def _take(run: Settings, experiment: Experiment, section: str, names: Iterable[str]) -> None:
    for name in names:
        run.take(f"{section}.{name}", experiment, f"{section}.{name}")


def _model(run: Settings, experiment: Experiment) -> None:
    _take(run, experiment, "model", _MODEL if experiment.training else _MODEL[:-1])
    if not experiment.training:
        run.put("model.architecture", None, "fixed: only training starts from an architecture")
    if adapter := experiment.model.adapter:
        _take(run, experiment, "model.adapter", _ADAPTER[adapter.kind])
    else:
        run.take("model.adapter", experiment, "model.adapter")


def _data(run: Settings, experiment: Experiment) -> None:
    for key, _ in experiment.data.splits():
        _take(run, experiment, key, _SPLIT)
    if isinstance(experiment.data, PromptData):
        return
    if experiment.data.eval is None:
        run.take("data.eval", experiment, "data.eval")
    if experiment.task == "pretrain":
        run.take("data.max_length", experiment, "data.max_length")
        run.put("data.packing", True, "fixed: pre-training fills every sequence")
        run.put("data.completion_only_loss", False, "fixed: pre-training learns every token")
    else:
        _take(run, experiment, "data", _DATA)


def _training(run: Settings, job: Job) -> None:
    batch = job.batch
    assert batch is not None, "the batch equation is checked before run.json is begun"
    run.put("inference", None, "fixed: nothing is inferred")
    run.put("training.micro_batch_size", batch.micro, "derived: the batch equation")
    run.put("training.gradient_accumulation_steps", batch.accumulation, "derived: the batch equation")
    _take(run, job.experiment, "training", _TRAINING)
