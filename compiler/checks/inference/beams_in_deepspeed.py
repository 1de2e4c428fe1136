"""DeepSpeed-Inference follows one candidate, and its kernels make room for max_out_tokens tokens.

Why: its generate() raises NotImplementedError for beams at the first batch, and its kernels have no room for more
tokens than they were made for.
Fix: set num_beams to 1 or use the engine transformers; raise max_out_tokens above max_new_tokens.
Source: deepspeed 0.19.8, inference/engine.py:629; inference/config.py, max_out_tokens.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.execution import DeepSpeedInference

CODE, SEVERITY = "LLM297", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at both limits."""
    inference = experiment.inference
    if not isinstance(inference, DeepSpeedInference):
        return
    if inference.generation.num_beams > 1:
        message = "beams with the engine deepspeed"
        yield Problem("inference.generation.num_beams", message, related=("inference.engine",))
    if inference.replace_with_kernel_inject and inference.generation.max_new_tokens >= inference.max_out_tokens:
        yield Problem(
            "inference.max_out_tokens",
            f"room for {inference.max_out_tokens} tokens, of which an answer may take "
            f"{inference.generation.max_new_tokens} and a prompt needs some",
            related=("inference.generation.max_new_tokens",),
        )
