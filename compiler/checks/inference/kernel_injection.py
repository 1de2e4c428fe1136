"""DeepSpeed has kernels of its own for few architectures.

Why: on others it silently injects nothing, or fails on an attribute that the model no longer has.
Fix: remove replace_with_kernel_inject; parallelism.tensor works for almost every model.
Source: deepspeedai/DeepSpeed issues 7443 and 3960; every policy of deepspeed 0.19.8 was tried on transformers 5.23.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
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
    if card is None or card.model_type is None:
        return
    known = facts.deepspeed_models["kernels"]
    if card.model_type not in known:
        message = f"DeepSpeed has no kernels that work for {card.model_type}"
        path = "inference.replace_with_kernel_inject"
        yield Problem(path, message, help=f"it has some for {', '.join(known)}", related=("model.name_or_path",))
