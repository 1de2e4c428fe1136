"""label_smoothing belongs to the losses robust and exo_pair; exo_pair needs it.

Why: the other losses ignore it, so the setting would silently not hold; exo_pair takes its logarithm.
Fix: remove preference.label_smoothing, or choose the loss that it is meant for.
Source: trl 1.16.0, dpo_trainer.py:824-830, 1410 and 1429.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM281", "error"

# TRL reads it for these; `aot` and `aot_unpaired` smooth as well (dpo_trainer.py:1454 and 1463).
_USED_BY = ("robust", "exo_pair", "aot", "aot_unpaired")


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare it with the loss."""
    preference = experiment.preference
    if preference is None or preference.loss_type is None:
        return
    path, related = "preference.label_smoothing", ("preference.loss_type",)
    if preference.label_smoothing and preference.loss_type not in _USED_BY:
        yield Problem(path, f"label_smoothing has no effect on the loss {preference.loss_type}", related=related)
    if preference.loss_type == "exo_pair" and not preference.label_smoothing:
        message = "the loss exo_pair needs a label_smoothing above 0"
        yield Problem("preference.loss_type", message, help="the paper recommends `label_smoothing: 1e-3`")
