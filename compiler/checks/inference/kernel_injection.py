"""DeepSpeed has kernels of its own for few architectures.

Why: on others it silently injects nothing, or fails on an attribute that the model no longer has.
Fix: remove replace_with_kernel_inject; parallelism.tensor works for almost every model.
Source: deepspeedai/DeepSpeed issues 7443 and 3960; every policy of deepspeed 0.19.8 was tried on every model of
transformers 5.23.0: schemas/catalog/model_layers.json.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.model_layers import layers_of
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.execution import DeepSpeedInference

CODE, SEVERITY = "LLM293", "error"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether kernels are asked for."""
    return isinstance(experiment.inference, DeepSpeedInference) and experiment.inference.replace_with_kernel_inject


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look the architecture up."""
    card = facts.model(experiment) if applies(experiment) else None
    known = layers_of(card.model_type) if card else None
    if card and known and not known.kernels:
        message = f"DeepSpeed has no kernels that work for {card.model_type}"
        yield Problem("inference.replace_with_kernel_inject", message, related=("model.name_or_path",))
