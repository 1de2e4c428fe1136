"""A model is either pretrained or new: exactly one of name_or_path and architecture, and a new one needs a tokenizer.

Why: with both, nobody could tell from which weights the training starts.
Fix: give model.name_or_path for existing weights, or model.architecture and model.tokenizer for new ones.
Source: transformers 5.23.0: from_pretrained loads weights, from_config draws random ones.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM203", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at where weights and tokenizer come from."""
    model = experiment.model
    if model.name_or_path and model.architecture:
        yield Problem(
            "model.architecture",
            "the model has two origins, name_or_path and architecture",
            help="remove one of the two",
            related=("model.name_or_path",),
        )
    if not model.name_or_path and not model.architecture:
        yield Problem("model", "the model has no origin", help="add `name_or_path:` or `architecture:`")
    if model.architecture and not model.tokenizer:
        yield Problem("model.architecture", "a new model has no tokenizer of its own", help="add `tokenizer:` to model")
