"""A value that the language has a key for must not be given in deepspeed.config as well.

Why: the same value would have two owners, and what runs would depend on which of them a library reads.
Fix: use the key of the language.
Source: the ancestor toolkit set a WarmupLR schedule in DeepSpeed's file and a cosine one in the Trainer.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import NAMED, configured
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM215", "error"

_OWNERS = {
    "train_batch_size": "training.global_batch_size",
    "train_micro_batch_size_per_gpu": "training.micro_batch_size",
    "gradient_accumulation_steps": "training.global_batch_size",
    "gradient_clipping": "training.gradient_clipping",
    "bf16.enabled": "model.dtype",
    "bfloat16": "model.dtype",
    "fp16.enabled": "model.dtype",
    "zero_optimization.stage": "deepspeed.zero_stage",
    "optimizer": "training.optimizer",
    "scheduler": "training.scheduler",
    "tensorboard": "training.trackers.tensorboard",
    "wandb": "training.trackers.wandb",
    **{key: f"deepspeed.{name}" for name, keys in NAMED.items() for key in keys},
}


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for each owned key; null counts, as it would take the place of what the language says."""
    if experiment.deepspeed is None or not experiment.deepspeed.config:
        return
    for key, owner in _OWNERS.items():
        if setting := configured(experiment, key):
            message, hint = f"'{key}' belongs to {owner}", f"write {owner} instead"
            yield Problem(setting.path, message, help=hint, related=(owner,), of_key=True)
