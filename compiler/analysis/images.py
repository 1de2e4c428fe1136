"""Which targets run an image, and which image, as far as the spec says."""

from __future__ import annotations

from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Kubernetes, SageMaker


def containers(experiment: Experiment) -> list[tuple[str, SageMaker | Kubernetes]]:
    """Give every target that runs an image, as (key, target)."""
    return [
        (f"targets.{name}", target)
        for name, target in experiment.targets.items()
        if isinstance(target, SageMaker | Kubernetes)
    ]


def image_of(experiment: Experiment, path: str, target: SageMaker | Kubernetes) -> tuple[str, str] | None:
    """Give the image of a target as (key, name), or the repository of the one that is built for it; None of neither."""
    if target.image:
        return f"{path}.image", target.image
    container = experiment.container
    return ("container.repository", container.repository) if container and container.repository else None
