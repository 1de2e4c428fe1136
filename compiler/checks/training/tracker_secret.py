"""Weights & Biases needs its key where nobody can log in.

Why: a container starts without anybody's login, and the job would stop when the tracker does.
Fix: add the secret WANDB_API_KEY, or set mode to offline and upload the files later.
Source: unslothai/unsloth#1914: "api_key not configured (no-tty)" when training begins.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.images import containers
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM316", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the secret where a target runs an image; other machines may have a login, isolated ones reach nobody."""
    wandb = experiment.training.trackers.wandb if experiment.training else None
    if wandb is None or wandb.mode != "online" or "WANDB_API_KEY" in experiment.secrets:
        return
    for path, target in containers(experiment):
        if not (isinstance(target, SageMaker) and target.network_isolation):
            yield Problem("training.trackers.wandb", "no secret WANDB_API_KEY", related=(path,), of_key=True)
