"""Sequences must not be longer than the positions a pretrained model knows.

Why: learned positions end in an index error on the device; rotary ones are computed without complaint, and the model
has never seen them.
Fix: lower data.max_length, or choose a model made for longer sequences.
Source: transformers issue 14384: the device-side assert srcIndex < srcSelectDimSize.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.data import TrainingData

CODE, SEVERITY = "LLM231", "error"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether a pretrained model is trained; LLM209 is for new ones."""
    return isinstance(experiment.data, TrainingData) and experiment.model.architecture is None


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the two lengths, unless the model stretches its positions."""
    model, data = facts.model(experiment), experiment.data
    if model is None or not applies(experiment) or not isinstance(data, TrainingData) or model.rope_scaling:
        return
    most = model.max_position_embeddings
    if most is not None and data.max_length > most:
        yield Problem(
            "data.max_length",
            f"sequences of {data.max_length} tokens, and the model knows {most} positions",
            related=("model.name_or_path",),
        )
