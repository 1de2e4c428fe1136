"""What modules_to_save names must be a module of the model.

Why: PEFT leaves out a name that it does not find, and says nothing: the module is neither trained nor saved.
Fix: use the ends of this model's names, such as those of its embedding and its output layer.
Source: peft 0.21.2, utils/other.py:1087-1131 (_set_trainable); names of modules: transformers 5.23.0, by
compiler/facts/architectures.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.adapted import saves_nothing
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.model import Lora, QLora

CODE, SEVERITY = "LLM352", "error"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether an adapter names modules to save."""
    adapter = experiment.model.adapter
    return isinstance(adapter, Lora | QLora) and bool(adapter.modules_to_save)


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look every name up, where it is known what the model has."""
    adapter, counted = experiment.model.adapter, facts.parameters(experiment)
    if not isinstance(adapter, Lora | QLora) or not counted or not counted.parts:
        return
    parts = counted.parts
    ends = [part.name.rpartition(".")[2] for part in (parts.embedding, parts.output)]
    for place, name in enumerate(adapter.modules_to_save):
        if saves_nothing(parts, name):
            message = f"a {parts.model_type} model has no module '{name}'"
            hint = f"its embedding is '{ends[0]}', its output layer '{ends[1]}'"
            yield Problem(f"model.adapter.modules_to_save[{place}]", message, hint)
