"""FlashAttention computes in 16 bits.

Why: its kernels take no fp32: the first step would stop with "FlashAttention only support fp16 and bf16 data type".
Fix: set model.dtype to bf16, or model.attn_implementation to sdpa.
Source: Dao-AILab/flash-attention, csrc/flash_attn/flash_api.cpp, mha_fwd; transformers 5.23.0,
integrations/flash_attention.py:13, which casts to the model's own dtype.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM239", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at the pair."""
    model = experiment.model
    if model.dtype == "fp32" and model.attn_implementation.startswith("flash_attention"):
        message = f"{model.attn_implementation} for a model in fp32"
        yield Problem("model.attn_implementation", message, related=("model.dtype",))
