"""DeepSpeed's AutoTP does not know how to split some architectures.

Why: init_inference stops with "AutoTP not supported for model".
Fix: set parallelism.tensor to 1, or use an engine that does not split layers.
Source: deepspeed 0.19.8, module_inject/auto_tp.py, supported().
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM294", "error"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether layers are split."""
    return experiment.parallelism.tensor > 1


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look the architecture up."""
    card = facts.model(experiment) if applies(experiment) else None
    if card and card.model_type in facts.deepspeed_models["no_tensor_parallelism"]:
        message = f"DeepSpeed cannot split the layers of {card.model_type}"
        yield Problem("parallelism.tensor", message, related=("model.name_or_path",))
