"""ZeRO 3 and shared layers do not go together while a model is loaded.

Why: transformers refuse to load any model, a Llama as well, where DeepSpeed shares both weights and layers.
Fix: use deepspeed.zero_stage 1 or 2 with parallelism.tensor, or ZeRO 3 alone.
Source: transformers 5.23.0, integrations/deepspeed.py:350, NotImplementedError; measured with a Llama (DJ052).
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM290", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the pair."""
    if experiment.deepspeed and experiment.deepspeed.zero_stage == 3 and experiment.parallelism.tensor > 1:
        message = f"ZeRO 3 where {experiment.parallelism.tensor} ranks share each layer"
        yield Problem("deepspeed.zero_stage", message, related=("parallelism.tensor",))
