"""Of the two matrices of an expert that transformers joins, an adapter takes both or none.

Why: transformers 5 keeps gate_proj and up_proj of all experts (Mixtral: w1 and w3) as one weight. PEFT translates their
names to it, and stops with ValueError where only one of them is named, once the model is loaded.
Fix: name both in model.adapter.target_modules, or neither.
Source: peft 0.21.2, utils/transformers_weight_conversion.py:466 (_convert_peft_config_moe); seen with transformers
5.23.0 and qwen3_moe.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.adapted import halves
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.model import Lora, QLora

CODE, SEVERITY = "LLM351", "error"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether an adapter names layers."""
    adapter = experiment.model.adapter
    return isinstance(adapter, Lora | QLora) and not isinstance(adapter.target_modules, str)


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the other half of each."""
    adapter, counted = experiment.model.adapter, facts.parameters(experiment)
    if not isinstance(adapter, Lora | QLora) or not counted or not counted.parts:
        return
    if missing := halves(counted.parts, adapter):
        kind = counted.parts.model_type
        message = f"half of what the experts of a {kind} model have in one weight: {missing[0]} is missing"
        yield Problem("model.adapter.target_modules", message)
