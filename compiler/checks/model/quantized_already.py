"""A model that is quantized on disk cannot be trained as a whole, nor quantized again, and seldom shared by ZeRO 3.

Why: the job would stop once eight ranks have loaded the model, or hold all of it on each of them.
Fix: start from the weights in 16 bits; where an adapter is trained, use ZeRO stage 2 or lower.
Source: deepspeedai/DeepSpeed issues 7096 and 3620, hiyouga/LLaMA-Factory issues 6898 and 2974. bitsandbytes' 4 bits are
shared, which was measured with deepspeed 0.19.8; other methods hold weights in buffers, which ZeRO leaves as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.model import QLora

CODE, SEVERITY = "LLM224", "error"
NEEDS = ("model",)


def applies(experiment: Experiment) -> bool:
    """Whether existing weights are trained."""
    return experiment.training is not None and experiment.model.architecture is None


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at the saved configuration of the model."""
    card = facts.model(experiment) if applies(experiment) else None
    if card is None or not card.quantization_config:
        return
    method, model = card.quantization_config.get("quant_method", "quantized"), experiment.model
    named = f"the weights of {model.name_or_path} are {method} already"
    if model.adapter is None:
        yield Problem("model.name_or_path", f"{named}, and are to be trained as a whole")
    elif model.quantization or isinstance(model.adapter, QLora):
        yield Problem("model.name_or_path", f"{named}, and are to be quantized again")
    elif experiment.deepspeed and experiment.deepspeed.zero_stage == 3 and not _shared(card.quantization_config):
        message = f"{named}; ZeRO stage 3 cannot share them"
        yield Problem("model.name_or_path", message, related=("deepspeed.zero_stage",))


def _shared(saved: Mapping[str, Any]) -> bool:
    return saved.get("quant_method") == "bitsandbytes" and bool(saved.get("load_in_4bit"))
