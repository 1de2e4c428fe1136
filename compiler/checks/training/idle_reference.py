"""A second model as the reference should be one that training does not start from.

Why: left out, the reference is the model as it was: the one below the adapter, which takes no memory, or a copy. Named,
a whole second model is loaded beside the first.
Fix: remove preference.reference_model, or name another model.
Source: trl 1.16.0, trainer/dpo_trainer.py:908-929: a given reference is used, with an adapter as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM280", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the models; beside an adapter any second one takes what the adapter saves."""
    reference = experiment.preference.reference_model if experiment.preference else None
    if reference is None:
        return
    if reference == experiment.model.name_or_path:
        message = "the reference is the model that training starts from"
        yield Problem("preference.reference_model", message, related=("model.name_or_path",))
    elif experiment.model.adapter:
        message = "a whole second model beside an adapter, below which there is one already"
        yield Problem("preference.reference_model", message, related=("model.adapter",))
