"""The allgather bucket of ZeRO 1 and 2 must be even.

Why: DeepSpeed aligns its buffers to 4 bytes and asserts it while it builds the optimizer, after the model is loaded.
Fix: use an even number of elements.
Source: deepspeed 0.19.8, runtime/zero/stage_1_and_2.py:389, measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given, stage_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM246", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Divide by two, where the stage has this bucket."""
    bucket = given(experiment, "zero_optimization.allgather_bucket_size")
    if bucket is None or stage_of(experiment) not in (1, 2):
        return
    if isinstance(bucket.value, (int, float)) and bucket.value % 2 == 1:
        yield Problem(bucket.path, f"allgather_bucket_size is odd: {bucket.value:,.0f}")
