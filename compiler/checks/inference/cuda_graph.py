"""A CUDA graph cannot be recorded where layers are split among ranks.

Why: init_inference stops with "Cuda graph is not supported for model parallelism".
Fix: set enable_cuda_graph to false, or parallelism.tensor to 1.
Source: deepspeed 0.19.8, inference/engine.py:185.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.execution import DeepSpeedInference

CODE, SEVERITY = "LLM295", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for both in one spec."""
    inference = experiment.inference
    if isinstance(inference, DeepSpeedInference) and inference.enable_cuda_graph and experiment.parallelism.tensor > 1:
        message = "a CUDA graph with parallelism.tensor above 1"
        yield Problem("inference.enable_cuda_graph", message, related=("parallelism.tensor",))
