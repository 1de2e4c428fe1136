"""The global batch must divide evenly over micro batches and data-parallel ranks.

Why: DeepSpeed asserts train_batch_size == micro batch x accumulation x ranks when it starts, on nodes already paid for.
Fix: choose a global batch that is a multiple of micro_batch_size x ranks.
Source: deepspeed 0.19.8, deepspeed/runtime/config.py:602, _batch_assertion.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.batch import solve
from llmc.compiler.analysis.topology import ranks_key, topology_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM201", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Solve the equation for every target; say the nearest batches where it has no solution."""
    training = experiment.training
    for name, target in experiment.targets.items():
        topology = topology_of(experiment, name, facts)
        if training is None or topology is None or not topology.data_parallel or solve(training, topology):
            continue
        total, micro, ranks = training.global_batch_size, training.micro_batch_size or 1, topology.data_parallel
        step = micro * ranks
        near = sorted({max(total // step, 1) * step, (total // step + 1) * step})
        yield Problem(
            "training.global_batch_size",
            f"{total} sequences cannot be shared by {ranks} ranks in micro batches of {micro} on target '{name}'",
            help=f"use {' or '.join(map(str, near))}, a multiple of {micro} x {ranks}",
            related=(f"targets.{name}.{ranks_key(target)}",),
        )
