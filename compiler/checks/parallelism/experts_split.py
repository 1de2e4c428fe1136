"""Tensor parallelism does not split the experts of a mixture.

Why: transformers 5 holds all experts of a layer in one tensor, which DeepSpeed can neither load in parts for training
nor split for inference: every rank would hold all of them.
Fix: set parallelism.tensor to 1 and share the model by ZeRO stage 3.
Source: transformers 5.23.0, integrations/deepspeed.py:356; deepspeed 0.19.8, the policies of tp_parser for mixtral,
qwen3_moe and gpt_oss list self_attn.o_proj alone.
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
