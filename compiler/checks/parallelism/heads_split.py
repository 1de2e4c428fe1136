"""Heads must divide evenly over the ranks that share a model.

Why: sequence and tensor parallelism give each rank whole heads; a rest stops the job when the model is split.
Fix: choose degrees that divide the model's heads; for tensor, its key-value heads and feed-forward width as well.
Source: deepspeed 0.19.8, ulysses_sp.py:143-150; module_inject/auto_tp.py and sharding/qkv.py:72.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM227", "error"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether ranks share a model."""
    return experiment.parallelism.sequence > 1 or experiment.parallelism.tensor > 1


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Divide what each kind of parallelism splits."""
    card = facts.model(experiment) if applies(experiment) else None
    if card is None:
        return
    degrees, heads, shared = experiment.parallelism, card.num_attention_heads, card.num_key_value_heads
    if heads and heads % degrees.sequence:
        yield Problem("parallelism.sequence", f"{heads} heads cannot be split over {degrees.sequence} ranks")
    elif shared and shared % degrees.sequence and degrees.sequence % shared:
        message = f"{shared} key-value heads can neither be split over {degrees.sequence} ranks nor repeated on them"
        yield Problem("parallelism.sequence", message)
    parts = (("heads", heads), ("key-value heads", shared), ("columns of a feed-forward layer", card.intermediate_size))
    for what, count in parts:
        if count and count % degrees.tensor:
            yield Problem("parallelism.tensor", f"{count} {what} cannot be split over {degrees.tensor} ranks")
