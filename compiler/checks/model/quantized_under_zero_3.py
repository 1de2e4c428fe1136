"""ZeRO stage 3 saves nothing on weights in 8 bits.

Why: bitsandbytes keeps a whole copy of them on every rank beside the share that ZeRO makes, so the job runs out of the
memory that was to be saved.
Fix: use ZeRO stage 2, or 4 bits: those are shared among ranks, in whatever number format they are packed.
Source: measured with deepspeed 0.19.8 and bitsandbytes 0.50.2 on two ranks: Linear8bitLt.state.CB stays whole, and
Linear4bit keeps its share alone, packed in uint8 as in bf16; bitsandbytes-foundation/bitsandbytes issue 1451.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.model import EightBit

CODE, SEVERITY = "LLM220", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the pair."""
    stage = experiment.deepspeed.zero_stage if experiment.deepspeed else 0
    if stage == 3 and isinstance(experiment.model.quantization, EightBit):
        message = "8-bit weights stay whole on every rank under ZeRO stage 3"
        yield Problem("model.quantization", message, related=("deepspeed.zero_stage",))
