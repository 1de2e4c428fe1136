"""Master weights in 16 bits have a dtype, a ZeRO stage and an optimizer that they need.

Why: DeepSpeed asserts it while it reads the configuration or builds the optimizer, after the model is loaded.
Fix: remove the key, or set what the message names.
Source: deepspeed 0.19.8, runtime/config.py:703-714 and runtime/base_optimizer.py:484, measured on CPU.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import Setting, given, offloaded, stage_of
from llmc.compiler.analysis.topology import accelerator_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM255", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Say everything that a switch lacks."""
    states = _on(experiment, "bf16.bf16_optimizer_states")
    for dtype in ("bf16", "fp16"):
        weights = _on(experiment, f"{dtype}.{dtype}_master_weights_and_grads")
        if weights is None:
            continue
        for lack in _lacks(experiment, facts, dtype, states is not None):
            yield Problem(weights.path, f"{dtype}_master_weights_and_grads needs {lack}")
    if states and not _on(experiment, "bf16.bf16_master_weights_and_grads"):
        yield Problem(states.path, "bf16_optimizer_states needs bf16_master_weights_and_grads: true")


def _on(experiment: Experiment, key: str) -> Setting | None:
    setting = given(experiment, key)
    return setting if setting and setting.value is True else None


def _lacks(experiment: Experiment, facts: Facts, dtype: str, states: bool) -> Iterator[str]:
    if experiment.model.dtype != dtype:
        yield f"model.dtype {dtype}"
    if stage_of(experiment) == 0:
        yield "deepspeed.zero_stage 1 or higher"
    if offloaded(experiment, "optimizer"):
        yield from _lacking_adam(experiment, facts)
    elif not (states and dtype == "bf16"):
        yield "deepspeed.offload.optimizer cpu"


def _lacking_adam(experiment: Experiment, facts: Facts) -> Iterator[str]:
    if experiment.training and experiment.training.optimizer.kind != "adamw":
        yield "the optimizer adamw"
    # The engine gives a target without a GPU torch's AdamW.
    cpus = [name for name, target in experiment.targets.items() if accelerator_of(target, facts) == "cpu"]
    yield from (f"DeepSpeed's Adam for CPUs, which the CPU target '{name}' does not use" for name in cpus)
