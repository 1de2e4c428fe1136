"""torch_autocast must say its dtype.

Why: without it torch takes fp16 on a GPU and bf16 on a CPU, so the same bundle would compute differently.
Fix: write torch_autocast.dtype: bfloat16, or float16.
Source: torch 2.13, torch.get_autocast_dtype: the default of each device; deepspeed 0.19.8, runtime/config.py:192.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM252", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the switch without the dtype."""
    autocast = given(experiment, "torch_autocast.enabled")
    if autocast and autocast.value is True and given(experiment, "torch_autocast.dtype") is None:
        yield Problem(autocast.path, "torch_autocast is on and says no dtype")
