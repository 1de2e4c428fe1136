"""An adapter on the output layer learns nothing from preferences.

Why: TRL computes the probabilities of answers from that layer's own weights, past the adapter, and stops there.
Fix: remove lm_head from model.adapter.target_modules.
Source: trl 1.16.0, trainer/dpo_trainer.py:835.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.model import Lora, QLora

CODE, SEVERITY = "LLM289", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the layer by its usual name."""
    adapter = experiment.model.adapter
    if experiment.task != "dpo" or not isinstance(adapter, Lora | QLora) or isinstance(adapter.target_modules, str):
        return
    for place, name in enumerate(adapter.target_modules):
        if name.split(".")[-1] == "lm_head":
            yield Problem(f"model.adapter.target_modules[{place}]", "dpo with an adapter on the output layer")
