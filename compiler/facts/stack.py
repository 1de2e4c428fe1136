"""The libraries that run a bundle, and their versions: what an artefact was written for, and what goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from llmc import schemas
from llmc.compiler.facts.hardware import Accelerator, capability


@dataclass(frozen=True, slots=True)
class OptionalPackage:
    """A package that only some specs need."""

    version: str | None
    """The exact version; None where there is no release."""
    extra: str | None
    """The extra of ours that installs it; None where it has to be built, or be in the image."""
    wheel: bool
    """Whether it installs without a compiler and nvcc (DJ130)."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A value of the language that not every machine can give, such as flash_attention_2 or bnb_4bit."""

    package: str
    lowest: tuple[int, int]
    highest: tuple[int, int] | None
    cpu: str
    """yes, no, or forward: inference but no training."""

    def runs_on(self, accelerator: Accelerator, training: bool = True) -> bool:
        """Whether an accelerator can run it."""
        if accelerator.kind == "cpu":
            return self.cpu == "yes" or (self.cpu == "forward" and not training)
        held = accelerator.capability
        return held is not None and self.lowest <= held and (self.highest is None or held <= self.highest)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A package that cannot be installed beside the stack."""

    package: str
    version: str
    needs: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Stack:
    """A set of library versions that was run together; `versions` is distribution name -> exact version."""

    name: str
    versions: dict[str, str]

    @property
    def date(self) -> str:
        """When it was run."""
        return str(self._row["date"])

    @property
    def lowest_python(self) -> tuple[int, int]:
        """The oldest Python that all of its packages take."""
        major, minor = self._row["python"]["lowest"].split(".")
        return int(major), int(minor)

    @property
    def cuda(self) -> str:
        """The CUDA that torch's wheel was built with. DeepSpeed wants nvcc to have the same minor version."""
        return str(self._row["cuda"]["version"])

    @property
    def lowest_driver(self) -> int:
        """The oldest NVIDIA driver, its major version, that runs this CUDA."""
        return int(self._row["cuda"]["lowest_driver"])

    @property
    def lowest_capability(self) -> tuple[int, int]:
        """The oldest GPU that torch's wheel holds code for."""
        return capability(self._row["cuda"]["lowest_capability"])

    @cached_property
    def optional(self) -> dict[str, OptionalPackage]:
        """The packages that only some specs need, by name."""
        return {
            name: OptionalPackage(row["version"], row["extra"], row["wheel"])
            for name, row in self._row["optional"].items()
        }

    @cached_property
    def features(self) -> dict[str, Feature]:
        """What not every machine can give, by the value that asks for it."""
        return {name: _feature(row) for name, row in self._row["features"].items()}

    @cached_property
    def conflicts(self) -> tuple[Conflict, ...]:
        """What cannot be installed beside it."""
        return tuple(
            Conflict(row["package"], row["version"], tuple(row["needs"]), row["why"]) for row in self._row["conflicts"]
        )

    @property
    def _row(self) -> dict[str, Any]:
        row: dict[str, Any] = schemas.load("catalog/stacks.json")["stacks"][self.name]
        return row


def default_stack() -> Stack:
    """The one stack there is so far. The `run` extra installs it; a test holds the two together."""
    return stack(schemas.load("catalog/stacks.json")["default"])


def stack(name: str) -> Stack:
    """Give a stack by its name, one of `stack_names()`."""
    return Stack(name, dict(schemas.load("catalog/stacks.json")["stacks"][name]["versions"]))


def stack_names() -> list[str]:
    """Every stack, oldest first."""
    return list(schemas.load("catalog/stacks.json")["stacks"])


def _feature(row: dict[str, Any]) -> Feature:
    highest = row["highest_capability"]
    return Feature(row["package"], capability(row["lowest_capability"]), highest and capability(highest), row["cpu"])
