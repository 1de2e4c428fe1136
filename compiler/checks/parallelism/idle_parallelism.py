"""Only the engine deepspeed splits layers among ranks to answer prompts, and none splits sequences.

Why: the degrees would silently have no effect, and ranks would be paid for that repeat each other's work.
Fix: set parallelism to 1, or use the engine deepspeed for parallelism.tensor.
Source: transformers' generate runs on one rank; Ulysses (deepspeed 0.19.8) is for training.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM299", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the degrees with the engine."""
    if experiment.inference is None:
        return
    engine, degrees = experiment.inference.engine, experiment.parallelism
    if degrees.sequence > 1:
        yield Problem("parallelism.sequence", "prompts are not split among ranks")
    if degrees.tensor > 1 and engine != "deepspeed":
        yield Problem("parallelism.tensor", f"the engine {engine} does not split layers", related=("inference.engine",))
