"""Heads must divide evenly over the ranks that share a sequence.

Why: each rank gets the whole sequence for some of the heads, equally many; a rest stops the job once the model is
loaded.
Fix: choose a degree that divides the model's heads, and divides its key-value heads or is a multiple of them.
Source: deepspeed 0.19.8, runtime/sequence_parallel/ulysses_sp.py:143-150. Tensor parallelism takes uneven shares.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM227", "error"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether ranks share a sequence."""
    return experiment.parallelism.sequence > 1


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Divide the heads as Ulysses does."""
    card = facts.model(experiment) if applies(experiment) else None
    if card is None:
        return
    ranks, heads, shared = experiment.parallelism.sequence, card.num_attention_heads, card.num_key_value_heads
    if heads and heads % ranks:
        yield Problem("parallelism.sequence", f"{heads} heads cannot be split over {ranks} ranks")
    elif shared and shared % ranks and ranks % shared:
        message = f"{shared} key-value heads can neither be split over {ranks} ranks nor repeated on them"
        yield Problem("parallelism.sequence", message)
