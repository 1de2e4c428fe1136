"""An image should be named by its digest.

Why: a tag can be moved to another image between the review and the run, or between two runs.
Fix: add the digest, @sha256:..., or write it down with `llmc lock`.
Source: OCI Distribution Specification 1.1: a tag is a mutable pointer, a digest names the content.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.images import containers
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM458", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at every image that the lock has no digest for."""
    for path, image in _images(experiment):
        if "@sha256:" not in image and facts.lock.image(image) is None:
            yield Problem(path, f"{image} is named without its digest")


def _images(experiment: Experiment) -> Iterator[tuple[str, str]]:
    if experiment.container and experiment.container.base:
        yield "container.base", experiment.container.base
    for path, target in containers(experiment):
        if target.image:
            yield f"{path}.image", target.image
