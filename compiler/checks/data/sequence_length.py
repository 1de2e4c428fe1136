"""Sequences must not be longer than the positions a new model is made for.

Why: rotary embeddings beyond max_position_embeddings are computed without complaint, and generation degrades there.
Fix: lower data.max_length or raise model.architecture.max_position_embeddings.
Source: transformers 5.23.0, LlamaConfig: max_position_embeddings is the maximum sequence length of the model.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.data import TrainingData

CODE, SEVERITY = "LLM209", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the two lengths, where the spec gives both."""
    shape, data = experiment.model.architecture, experiment.data
    if shape is None or not isinstance(data, TrainingData) or data.max_length <= shape.max_position_embeddings:
        return
    yield Problem(
        "data.max_length",
        f"sequences of {data.max_length} tokens in a model made for {shape.max_position_embeddings}",
        related=("model.architecture.max_position_embeddings",),
    )
