"""A job in a container needs an image.

Why: the target has none of its own, and the one that `container` describes is pushed nowhere.
Fix: give container.repository, or the target's image.
Source: botocore 1.44.5, AlgorithmSpecification: AlgorithmName or TrainingImage must be given; a pod needs an image too.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.images import containers, image_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM461", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for targets in containers that no key names an image for."""
    for path, target in containers(experiment):
        if image_of(experiment, path, target) is None:
            lacking = "container.repository" if experiment.container else "container"
            yield Problem(f"{path}.image", f"no image here, and no {lacking}")
