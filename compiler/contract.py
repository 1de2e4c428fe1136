"""run.json, the only thing that the runtime reads: what every target's has in common.

Its shape is `schemas/run.schema.json`, the contract between compiler and runtime. All keys are always there.
"""

from __future__ import annotations

from llmc.compiler.facts.stack import Stack
from llmc.compiler.job import Job, Settings

CONTRACT = 1


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
    for section in ("model", "data"):
        run.take(section, job.experiment, section)
    if job.experiment.task == "pretrain":
        run.put("data.packing", True, "fixed: pre-training fills every sequence")
        run.put("data.completion_only_loss", False, "fixed: pre-training learns every token")
    if job.experiment.inference:
        run.take("inference", job.experiment, "inference")
        run.put("model.architecture", None, "fixed: only training starts from an architecture")
        run.put("training", None, "fixed: nothing is trained")
    else:
        _training(run, job)


def _training(run: Settings, job: Job) -> None:
    batch = job.batch
    assert batch is not None, "the batch equation is checked before run.json is begun"
    run.put("inference", None, "fixed: nothing is inferred")
    run.put("training.micro_batch_size", batch.micro, "derived: the batch equation")
    run.put("training.gradient_accumulation_steps", batch.accumulation, "derived: the batch equation")
    own = (
        "epochs",
        "max_steps",
        "optimizer",
        "scheduler",
        "gradient_clipping",
        "gradient_checkpointing",
        "seed",
        "log_every_steps",
        "evaluation",
        "checkpoint",
    )
    for key in own:
        run.take(f"training.{key}", job.experiment, f"training.{key}")
