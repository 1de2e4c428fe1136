"""The ranks of a machine should not have more threads together than the cores that are asked for.

Why: threads that wait for a core hold up those that wait for them; every rank becomes several times slower.
Fix: lower threads_per_rank, or ask for more cores.
Source: PyTorch, multiprocessing best practices: avoid CPU oversubscription.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Kubernetes, Slurm

CODE, SEVERITY = "LLM311", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare ranks times threads with the cores of a pod or a task, where the spec gives them."""
    for path, pod in experiment.targets_of(Kubernetes):
        if pod.cpu is not None and pod.slots * pod.threads_per_rank > pod.cpu:
            yield _problem(path, "cpu", pod.slots, pod.threads_per_rank, pod.cpu)
    for path, task in experiment.targets_of(Slurm):
        if task.cpus_per_task is not None and task.slots * task.threads_per_rank > task.cpus_per_task:
            yield _problem(path, "cpus_per_task", task.slots, task.threads_per_rank, task.cpus_per_task)


def _problem(path: str, key: str, ranks: int, threads: int, cores: int) -> Problem:
    message = f"{ranks * threads} threads, {threads} of each rank, on {cores} cores"
    return Problem(f"{path}.{key}", message, related=(f"{path}.slots", f"{path}.threads_per_rank"))
