"""data_types.param_dtype must be the dtype of the model.

Why: DeepSpeed asserts that both say the same when it starts.
Fix: remove data_types.param_dtype; model.dtype says it.
Source: deepspeed 0.19.8, runtime/engine.py:1827, measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM256", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the two."""
    dtype = given(experiment, "data_types.param_dtype")
    if dtype and dtype.value not in (None, experiment.model.dtype):
        message = f"parameters in {dtype.value} for a model in {experiment.model.dtype}"
        yield Problem(dtype.path, message, related=("model.dtype",))
