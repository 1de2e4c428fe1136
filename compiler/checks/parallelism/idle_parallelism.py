"""Layers are split among ranks in training and by the engine deepspeed, sequences in pretrain and sft alone.

Why: elsewhere the degrees have no effect, and ranks are paid for that repeat each other's work; a training on
preferences stops at its first batch, which has no positions to be split by.
Fix: set the degree to 1, or use the engine deepspeed for parallelism.tensor.
Source: transformers' generate runs on one rank; deepspeed 0.19.8, runtime/sequence_parallel/ulysses_sp.py:640, which
wants position_ids; trl 1.16.0, trainer/dpo_trainer.py gives none.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM299", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the degrees with the task and the engine."""
    degrees, inference = experiment.parallelism, experiment.inference
    if degrees.sequence > 1 and inference:
        yield Problem("parallelism.sequence", "prompts are not split among ranks")
    elif degrees.sequence > 1 and experiment.preference:
        yield Problem("parallelism.sequence", "pairs of answers are not split among ranks", related=("task",))
    if degrees.tensor > 1 and inference and inference.engine != "deepspeed":
        message = f"the engine {inference.engine} does not split layers"
        yield Problem("parallelism.tensor", message, related=("inference.engine",))
