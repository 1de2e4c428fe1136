"""Sequence parallelism needs an attention that takes no mask of every pair of tokens.

Why: DeepSpeed refuses eager attention when the model is registered, after it was loaded on every rank.
Fix: use sdpa or flash attention.
Source: deepspeed 0.19.8, deepspeed/runtime/sequence_parallel/ulysses_sp.py:470; accelerate 1.15.0, dataclasses.py:2298.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM226", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for both in one spec."""
    attention = experiment.model.attn_implementation
    if experiment.parallelism.sequence > 1 and attention in ("eager", "flex_attention"):
        message = f"{attention} attention cannot be split by parallelism.sequence"
        yield Problem("model.attn_implementation", message, related=("parallelism.sequence",))
