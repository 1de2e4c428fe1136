"""Tensor parallelism does not split the experts of a mixture.

Why: transformers 5 holds all experts of a layer in one tensor. In training DeepSpeed refuses the model's plan for it,
and for inference it leaves the tensor whole on every rank, which is most of the model.
Fix: set parallelism.tensor to 1 and share the model by ZeRO stage 3.
Source: measured with deepspeed 0.19.8 and transformers 5.23.0 on two ranks: module_inject/tp_plan_converter.py refuses
moe_tp_experts, and the first of two ranks holds 92% of a small Qwen3-MoE and
97% of a small Mixtral (DJ115).
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM229", "error"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether layers are split."""
    return experiment.parallelism.tensor > 1


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for experts."""
    card = facts.model(experiment) if applies(experiment) else None
    if card and card.num_experts:
        yield Problem("parallelism.tensor", f"the {card.num_experts} experts of {card.model_type} are not split")
