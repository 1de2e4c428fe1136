"""A model from the hub should be named with its commit.

Why: without it, the same spec trains another model as soon as somebody pushes to the repository.
Fix: add model.revision with the full commit hash.
Source: huggingface_hub: a download without a revision takes the branch main as it is then.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment, is_hub_id

CODE, SEVERITY = "LLM212", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for a hub id without a revision."""
    model = experiment.model
    if model.name_or_path and is_hub_id(model.name_or_path) and not model.revision:
        card = facts.model(experiment)
        exact = f"add `revision: {card.commit}` under model, as the lock has it" if card and card.commit else None
        yield Problem("model.name_or_path", f"'{model.name_or_path}' comes from the hub without a revision", exact)
