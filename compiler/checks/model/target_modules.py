"""An adapter's target_modules must be layers that the model has.

Why: PEFT leaves out a name that it does not find as long as it finds another one, so less is trained than was meant;
where it finds none it stops once the model is loaded.
Fix: use the names of this model's layers, or all-linear.
Source: peft 0.21.2, tuners/tuners_utils.py:1051; names: schemas/catalog/model_layers.json, from transformers 5.23.0.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.model_layers import layers_of
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.model import Lora, QLora
from llmc.compiler.language.spelling import closest

CODE, SEVERITY = "LLM282", "error"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether an adapter names layers."""
    adapter = experiment.model.adapter
    return isinstance(adapter, Lora | QLora) and not isinstance(adapter.target_modules, str)


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look every name up, where it is known what the model has."""
    adapter = experiment.model.adapter
    if not isinstance(adapter, Lora | QLora) or isinstance(adapter.target_modules, str):
        return
    model = facts.model(experiment)
    known = layers_of(model.model_type) if model and not experiment.model.trust_remote_code else None
    # PEFT translates the names that experts had before transformers joined them.
    if model is None or known is None or known.experts:
        return
    for place, name in enumerate(adapter.target_modules):
        if name.split(".")[-1] not in known.layers:
            meant = closest(name, sorted(known.layers))
            hint = f"did you mean '{meant}'?" if meant else f"it has {', '.join(sorted(known.layers))}"
            message = f"a {model.model_type} model has no layer '{name}'"
            yield Problem(f"model.adapter.target_modules[{place}]", message, hint)
