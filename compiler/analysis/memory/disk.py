"""What is written: bytes of all nodes together, where they write to one place."""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.memory.term import DISK, Term, run
from llmc.compiler.analysis.workload import Workload


def terms(work: Workload) -> Iterator[Term]:
    """Give what a training run leaves on the disk."""
    if work.task == "train":
        yield checkpoints(work)
        yield export(work)


def checkpoint(work: Workload) -> float:
    """Bytes of one checkpoint: trained weights, and what the optimizer holds for them, 2 + 4 + 8 for Adam.

    Frozen weights are left out of a checkpoint of adapters (transformers, trainer.py, `exclude_frozen_parameters`).
    One of gpt-oss-120b with Adam in bf16 has 720 GB, 6.2 bytes a weight (axolotl, examples/gpt-oss/README.md).
    """
    each = work.bytes.adapter if not work.trains_everything else work.bytes.trained
    held = work.bytes.master + work.bytes.moments if work.files.optimizer else 0
    return work.counts.trainable * (each + held)


def checkpoints(work: Workload) -> Term:
    """Those that are kept, and one more while the oldest is still there."""
    size = checkpoint(work) * (work.files.kept + 1 if work.files.kept else 0)
    keys = (run("training.checkpoint.keep"), run("training.checkpoint.save_optimizer"))
    return Term("checkpoints", round(size), ("save",), keys, where=DISK)


def export(work: Workload) -> Term:
    """The model that is written at the end, or the adapter alone."""
    weights = work.counts.total if work.trains_everything else work.counts.adapter
    return Term("exported model", round(weights * work.bytes.compute), ("save",), (run("runs"),), where=DISK)
