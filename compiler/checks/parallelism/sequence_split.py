"""Sequences must divide evenly over the ranks that share them.

Why: each rank takes an equal part of every sequence.
Fix: make data.max_length a multiple of parallelism.sequence.
Source: deepspeed 0.19.8, ulysses_sp.py, UlyssesSPDataLoaderAdapter splits by the sequence's length.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.data import TrainingData

CODE, SEVERITY = "LLM228", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Divide the length."""
    data, ranks = experiment.data, experiment.parallelism.sequence
    if isinstance(data, TrainingData) and data.max_length % ranks:
        near = sorted({max(data.max_length // ranks, 1) * ranks, (data.max_length // ranks + 1) * ranks})
        yield Problem(
            "data.max_length",
            f"sequences of {data.max_length} tokens cannot be split over {ranks} ranks",
            help=f"use {' or '.join(map(str, near))}",
            related=("parallelism.sequence",),
        )
