"""The engine deepspeed must have room for the longest prompt, and its kernels for the answer as well.

Why: it refuses a longer prompt when it comes to it, after the ones before it were answered.
Fix: raise inference.max_out_tokens to at least the number that the message gives.
Source: deepspeed 0.19.8, inference/engine.py:637: input with size exceeds maximum length (DJ117).
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.execution import DeepSpeedInference

CODE, SEVERITY = "LLM292", "error"
NEEDS = ("data",)


def applies(experiment: Experiment) -> bool:
    """Whether that engine is asked for."""
    return isinstance(experiment.inference, DeepSpeedInference)


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the room with the longest prompt, where its tokens were counted."""
    inference = experiment.inference
    if not isinstance(inference, DeepSpeedInference):
        return
    lengths = (card.tokens.longest for card in facts.data(experiment).values() if card.tokens)
    answer = inference.generation.max_new_tokens if inference.replace_with_kernel_inject else 0
    needed = max(lengths, default=0) + answer
    if needed > inference.max_out_tokens:
        what = "the longest prompt and its answer have" if answer else "the longest prompt has"
        message = f"room for {inference.max_out_tokens} tokens, and {what} {needed}"
        yield Problem("inference.max_out_tokens", message, related=("data.input.path",))
