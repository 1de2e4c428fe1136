"""With an adapter, the reference model is the model without it.

Why: a second model would be loaded and never asked, because the adapter is switched off for the reference's answers.
Fix: remove preference.reference_model, or train without an adapter.
Source: trl 1.16.0, DPOTrainer: ref_model must not be given with a PEFT model.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM280", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for both in one spec."""
    preference = experiment.preference
    if preference and preference.reference_model and experiment.model.adapter:
        message = "a reference model beside an adapter, which has one already"
        yield Problem("preference.reference_model", message, related=("model.adapter",))
