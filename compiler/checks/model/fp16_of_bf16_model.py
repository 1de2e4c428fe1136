"""A model that was trained in bf16 can overflow in fp16.

Why: fp16 ends at 65,504; activations of such models go beyond, and the loss becomes 0 or NaN, or its scale falls for
ever.
Fix: use bf16, or fp32 where the accelerator has no bf16.
Source: hiyouga/LLaMA-Factory issue 7755, huggingface/transformers issue 31997; config.json's dtype.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM223", "warning"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether fp16 is asked for."""
    return experiment.model.dtype == "fp16"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the number format with the one of the saved weights."""
    model = facts.model(experiment) if applies(experiment) else None
    if model and model.dtype == "bfloat16":
        yield Problem("model.dtype", "fp16 for weights that were saved in bf16", related=("model.name_or_path",))
