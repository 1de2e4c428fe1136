"""Everything that is known about the world when compiling: what the checks may ask."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from llmc.compiler.facts.deepspeed_keys import DeepSpeedKeys, keys_of
from llmc.compiler.facts.files import Files
from llmc.compiler.facts.hardware import Accelerator, Instance, accelerator, instance
from llmc.compiler.facts.stack import Stack, default_stack


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one compilation: the project's files and the stack that will run the bundle."""

    files: Files
    stack: Stack

    @property
    def deepspeed_keys(self) -> DeepSpeedKeys:
        """The configuration keys of the stack's DeepSpeed version."""
        return keys_of(self.stack.versions["deepspeed"])

    def accelerator(self, name: str) -> Accelerator | None:
        """An accelerator by what a spec calls it; None for one that is not known."""
        return accelerator(name)

    def instance(self, name: str) -> Instance | None:
        """An instance type by its name; None for one that is not known."""
        return instance(name)


def gather(folder: Path) -> Facts:
    """Gather what is known for a spec in `folder`; reads nothing but the shipped catalogue."""
    return Facts(Files(folder), default_stack())
