"""The stack's torch must hold code for the accelerator.

Why: the job would stop at its first kernel with "no kernel image is available for execution on the device".
Fix: take a newer accelerator or instance type.
Source: pytorch/pytorch RELEASE.md, the row of the stack's torch; schemas/catalog/stacks.json, cuda.lowest_capability.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.topology import devices_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM307", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare compute capabilities."""
    for name, target in experiment.targets.items():
        for key, device in devices_of(target, facts):
            lowest = facts.stack.lowest_capability if device.capability else (0, 0)
            if device.capability and device.capability < lowest:
                yield Problem(
                    f"targets.{name}.{key}",
                    f"{device.name} has compute capability {_shown(device.capability)}; "
                    f"torch {facts.stack.versions['torch']} is built for {_shown(lowest)} and newer",
                )


def _shown(capability: tuple[int, int]) -> str:
    return "{}.{}".format(*capability)
