"""PLAN.md: the page that a reviewer reads before the files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llmc.compiler.bundle.render import render
from llmc.compiler.job import Job
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.experiment import Experiment, plain
from llmc.compiler.language.sections.data import Split, TrainingData
from llmc.compiler.language.sections.model import Lora, QLora, Trained
from llmc.compiler.language.source import Node

_HEADLINES = {
    "pretrain": "Pre-training with DeepSpeed, ZeRO stage {stage}.",
    "sft": "Supervised fine-tuning with DeepSpeed, ZeRO stage {stage}.",
    "dpo": "Direct preference optimization with DeepSpeed, ZeRO stage {stage}.",
    "orpo": "Odds-ratio preference optimization with DeepSpeed, ZeRO stage {stage}.",
    "infer": "Batch inference by {engine}.",
}


_ADAPTERS = {"lora": "LoRA", "dora": "DoRA", "qlora": "QLoRA"}


def plan(experiment: Experiment, jobs: Iterable[Job], report: Report) -> str:
    """Give the text of PLAN.md. It says nothing about lines of the spec: those move without the plan changing."""
    stage = experiment.deepspeed.zero_stage if experiment.deepspeed else None
    engine = experiment.inference.engine if experiment.inference else None
    page = {
        "name": experiment.name,
        "headline": _HEADLINES[experiment.task].format(stage=stage, engine=engine),
        "notes": experiment.notes,
        "rows": list(_rows(experiment)),
        "targets": [_target(job) for job in jobs],
        "risks": list(_risks(experiment)),
        "defaults": list(defaults(experiment.tree)),
        "warnings": [f"{d.code}: {d.message}" for d in report if d.severity == "warning"],
    }
    return render("PLAN.md", job=page)


def _rows(experiment: Experiment) -> Iterator[tuple[str, str]]:
    if experiment.variant:
        yield "Sweep", experiment.variant
    yield "Model", _model(experiment)
    yield "Trained part" if experiment.training else "Adapter", _adapter(experiment)
    data = experiment.data
    if isinstance(data, TrainingData):
        yield "Training data", f"{_mixture(data.train)}, at most {data.max_length} tokens a sequence"
        if data.eval:
            yield "Evaluation data", _mixture(data.eval)
    else:
        yield "Prompts", _mixture(data.input)
    if experiment.training:
        yield from _training(experiment)
    if experiment.inference:
        yield "Answers", f"at most {experiment.inference.generation.max_new_tokens} tokens each"


def _mixture(train: Split | list[Split]) -> str:
    parts = train if isinstance(train, list) else [train]
    whole = sum(part.weight or 1 for part in parts)
    shares = (f"{(part.weight or 1) / whole:.0%} " if len(parts) > 1 else "" for part in parts)
    return ", ".join(f"{share}{part.path} ({part.format})" for share, part in zip(shares, parts, strict=True))


def _risks(experiment: Experiment) -> Iterator[str]:
    """Code from elsewhere that the job runs."""
    if experiment.model.trust_remote_code:
        yield f"Python code that comes with {experiment.model.name_or_path} is run (model.trust_remote_code)."
    if experiment.data.processing:
        yield f"Every row goes through {experiment.data.processing.function} (data.processing)."


def _training(experiment: Experiment) -> Iterator[tuple[str, str]]:
    training = experiment.training
    assert training is not None, "only asked for where there is training"
    optimizer, scheduler = training.optimizer, training.scheduler
    yield "Length", _many(training.max_steps, "step") if training.max_steps else _many(training.epochs or 0, "epoch")
    share = f"{scheduler.warmup_ratio or 0:.0%} of the steps"
    warmup = _many(scheduler.warmup_steps, "step") if scheduler.warmup_steps else share
    yield "Learning rate", f"{optimizer.learning_rate:g}, {scheduler.kind}, warm-up {warmup}"
    checkpoint = training.checkpoint
    yield "Checkpoints", f"every {checkpoint.every_steps} steps and at the end, the last {checkpoint.keep} are kept"


def _model(experiment: Experiment) -> str:
    model = experiment.model
    if model.architecture:
        shape = model.architecture
        return f"new {shape.kind}, {shape.num_hidden_layers} layers of width {shape.hidden_size}, in {model.dtype}"
    at = f" at {model.revision}" if model.revision else ""
    return f"{model.name_or_path}{at}, in {model.dtype}"


def _adapter(experiment: Experiment) -> str:
    adapter = experiment.model.adapter
    if isinstance(adapter, (Lora, QLora)):
        where = adapter.target_modules if isinstance(adapter.target_modules, str) else ", ".join(adapter.target_modules)
        return f"{_ADAPTERS[adapter.kind]} of rank {adapter.r} on {where}"
    if isinstance(adapter, Trained):
        return f"the one in {adapter.path}"
    return "all weights" if experiment.training else "none"


def _target(job: Job) -> dict[str, Any]:
    topology = job.topology
    equation = None
    if batch := job.batch:
        equation = (
            f"Global batch {batch.total} = micro batch {batch.micro} × accumulation {batch.accumulation} "
            f"× {_many(batch.data_parallel, 'rank')}."
        )
    return {
        "name": job.target_name,
        "summary": f"{_many(topology.world_size, 'rank')} on {_many(topology.nodes, 'machine')}, "
        f"accelerator {job.accelerator}.",
        "equation": equation,
        "decisions": job.decisions,
    }


def _many(count: float, noun: str) -> str:
    shown = f"{count:,.0f}" if count == int(count) else f"{count}"
    return f"{shown} {noun}" if count == 1 else f"{shown} {noun}s"


def defaults(node: Node, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that came from the schema and says something; null means "nothing", and needs no row."""
    if isinstance(node.value, dict):
        for name, child in node.value.items():
            yield from defaults(child, f"{path}.{name}" if path else name)
    elif node.origin == "default" and node.value is not None:
        yield path, plain(node)
