"""DeepSpeed's AutoTP does not know how to split some architectures.

Why: it stops once the model is loaded: "AutoTP not supported for model", or at a plan whose styles it does not know.
Fix: set parallelism.tensor to 1 and share the model by ZeRO stage 3, or use an engine that does not split layers.
Source: deepspeed 0.19.8, runtime/engine.py:1106 for training and module_inject/auto_tp.py:342 for inference, run for
every model of transformers 5.23.0: schemas/catalog/model_layers.json.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.model_layers import layers_of
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM294", "error"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether layers are split."""
    return experiment.parallelism.tensor > 1


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look the architecture up. Those with experts have a check of their own."""
    card = facts.model(experiment) if applies(experiment) else None
    known = layers_of(card.model_type) if card else None
    if card is None or known is None or known.experts:
        return
    reason = known.not_trained_in_shares if experiment.training else known.not_parsed
    if reason:
        message = f"DeepSpeed cannot split the layers of {card.model_type}"
        yield Problem("parallelism.tensor", message, why=reason, related=("model.name_or_path",))
