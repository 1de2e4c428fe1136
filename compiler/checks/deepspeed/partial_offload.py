"""A part of the optimizer can be offloaded with AdamW alone.

Why: DeepSpeed asserts it while it builds the optimizer, after the model is loaded.
Fix: use the optimizer adamw, or remove offload_optimizer.ratio to offload it whole.
Source: deepspeed 0.19.8, runtime/zero/stage3.py:319, measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import configured
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM261", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the optimizer, where a part of it is offloaded."""
    ratio = configured(experiment, "zero_optimization.offload_optimizer.ratio")
    kind = experiment.training.optimizer.kind if experiment.training else "adamw"
    if ratio and isinstance(ratio.value, (int, float)) and ratio.value < 1 and kind != "adamw":
        yield Problem(ratio.path, f"offload_optimizer.ratio with {kind}", related=("training.optimizer.kind",))
