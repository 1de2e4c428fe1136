"""What a spec asks for must run on the accelerators of its targets.

Why: FlashAttention, Triton's kernels and bitsandbytes are written for some accelerators alone; elsewhere the job
stops at its first step, with "only supports Ampere GPUs or newer" for one.
Fix: use sdpa for attn_implementation and leave the feature out, or take another accelerator.
Source: DJ079; schemas/catalog/stacks.json, features: each with its source.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.topology import devices_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.hardware import Accelerator
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.stack import Feature
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.model import QLora

CODE, SEVERITY = "LLM306", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Hold everything that not every accelerator can do against each that may compute."""
    known = facts.stack.features
    for key, name in _asked(experiment):
        if name in known:
            yield from _refused(experiment, facts, key, name)


def _asked(experiment: Experiment) -> Iterator[tuple[str, str]]:
    """What the spec asks for, as (key, name in the stack's table of features)."""
    model = experiment.model
    yield "model.attn_implementation", model.attn_implementation
    if model.use_liger_kernel:
        yield "model.use_liger_kernel", "liger"
    if model.quantization:
        yield "model.quantization.kind", model.quantization.kind
    if isinstance(model.adapter, QLora):
        yield "model.adapter.kind", "bnb_4bit"
    if experiment.training:
        yield "training.optimizer.kind", experiment.training.optimizer.kind


def _refused(experiment: Experiment, facts: Facts, key: str, name: str) -> Iterator[Problem]:
    feature = facts.stack.features[name]
    for target_name, target in experiment.targets.items():
        for where, device in devices_of(target, facts):
            if _too_old(device, facts) or feature.runs_on(device, training=experiment.training is not None):
                continue
            yield Problem(
                key,
                f"{name} does not run on {device.name} of target '{target_name}'",
                why=f"{feature.package} needs {_needs(feature)}",
                related=(f"targets.{target_name}.{where}",),
            )


def _too_old(device: Accelerator, facts: Facts) -> bool:
    """Whether nothing of the stack runs there, which has its own check."""
    return bool(device.capability and device.capability < facts.stack.lowest_capability) or device.kind == "neuron"


def _needs(feature: Feature) -> str:
    lowest = "{}.{}".format(*feature.lowest)
    if feature.highest is None:
        return f"compute capability {lowest} or more"
    return f"compute capability {lowest} to {{}}.{{}}".format(*feature.highest)
