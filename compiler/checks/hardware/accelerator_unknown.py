"""A target's accelerator must be one that the catalogue knows.

Why: without its memory, its speed and its kind nothing can be said of whether the experiment fits or how long it takes.
Fix: take a name of `llmc catalog accelerators`; one that is missing is an entry in schemas/catalog/accelerators.json.
Source: schemas/catalog/accelerators.json, each figure with its source.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.hardware import accelerator_ids
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker
from llmc.compiler.language.spelling import closest

CODE, SEVERITY = "LLM302", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look up what every target names; SageMaker's come with the instance."""
    for name, target in experiment.targets.items():
        if isinstance(target, SageMaker) or facts.accelerator(target.accelerator):
            continue
        meant = closest(target.accelerator, accelerator_ids())
        yield Problem(
            f"targets.{name}.accelerator",
            f"no accelerator '{target.accelerator}' is known",
            help=f"did you mean '{meant}'? `llmc catalog accelerators` lists them" if meant else None,
        )
