"""One thing that takes memory: how much, when, and which key of an artefact drives it."""

from __future__ import annotations

from dataclasses import dataclass

# The moments of a training step that differ: the loss is computed, when every kept activation is there; the backward
# pass ends, when every gradient is there; the optimizer changes the weights.
STEP = ("loss", "backward", "update")
TRAINING = ("load", *STEP, "evaluation", "save")
INFERENCE = ("load", "prefill", "decode")

# When tokens pass through the model.
PASSES = {"train": ("loss", "backward", "evaluation"), "infer": ("prefill", "decode")}

# Where a term is: on one rank's accelerator, or on one node.
DEVICE, HOST, NVME, DISK = "device", "host", "nvme", "disk"

RUN, DEEPSPEED = "run.json", "deepspeed.json"


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a forecast, in bytes of one rank, or of one node where it is not on a rank's accelerator."""

    name: str
    bytes: int
    phases: tuple[str, ...]
    keys: tuple[str, ...]
    """The keys of the artefacts that it follows from: `deepspeed.json:zero_optimization.stage`."""
    note: str = ""
    where: str = DEVICE


def zero(name: str) -> str:
    """Name a key of deepspeed.json's section on ZeRO."""
    return f"{DEEPSPEED}:zero_optimization.{name}"


def run(name: str) -> str:
    """Name a key of run.json."""
    return f"{RUN}:{name}"
