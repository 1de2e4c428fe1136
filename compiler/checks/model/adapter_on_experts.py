"""An adapter on a mixture's experts takes neither dropout nor DoRA.

Why: transformers 5 keeps the experts of a layer as one weight. PEFT wraps that weight, and its wrapper stops with
ValueError where there is dropout or DoRA, once the model is loaded.
Fix: set model.adapter.dropout to 0 and the kind to lora; or name the attention's layers alone in target_modules.
Source: peft 0.21.2, tuners/lora/layer.py:2363-2372 (ParamWrapper), utils/transformers_weight_conversion.py:402; seen
with transformers 5.23.0 and qwen3_moe.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.adapted import reaches_experts
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.model import Lora, QLora

CODE, SEVERITY = "LLM350", "error"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether there is an adapter with one of the two."""
    adapter = experiment.model.adapter
    return isinstance(adapter, Lora | QLora) and bool(adapter.dropout or adapter.kind == "dora")


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look whether the adapter's names reach experts."""
    adapter, counted = experiment.model.adapter, facts.parameters(experiment)
    if not isinstance(adapter, Lora | QLora) or not counted or not counted.parts:
        return
    if not applies(experiment) or not reaches_experts(counted.parts, adapter):
        return
    where = ("model.adapter.target_modules",)
    of = f"the experts of a {counted.parts.model_type} model"
    if adapter.dropout:
        yield Problem("model.adapter.dropout", f"dropout in an adapter on {of}", related=where)
    if adapter.kind == "dora":
        yield Problem("model.adapter.kind", f"DoRA on {of}", related=where)
