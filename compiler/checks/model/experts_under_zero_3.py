"""Under ZeRO stage 3, a mixture's block of experts must be gathered as one.

Why: ranks send their tokens to different experts, ask for different weights, and wait for each other until NCCL gives
up.
Fix: name the block's class in deepspeed.config, zero_optimization.leaf_module.classes.
Source: deepspeedai/DeepSpeed issues 4966, 5008 and 7461; deepspeed 0.19.8,
runtime/zero/leaf_module_config.py: its default knows Mixtral, Qwen2-MoE and Qwen3-MoE.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM237", "error"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether stage 3 trains existing weights, and nothing is said about leaf modules."""
    deepspeed = experiment.deepspeed
    if deepspeed is None or deepspeed.zero_stage != 3 or experiment.model.architecture:
        return False
    zero = (deepspeed.config or {}).get("zero_optimization")
    return not (isinstance(zero, dict) and zero.get("leaf_module"))


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for experts that DeepSpeed does not know."""
    card = facts.model(experiment) if applies(experiment) else None
    if card and card.num_experts and card.model_type not in facts.deepspeed_models["leaf_modules"]:
        message = f"the experts of {card.model_type} are gathered one by one under ZeRO stage 3"
        yield Problem("deepspeed.zero_stage", message, related=("model.name_or_path",))
