"""SageMaker takes an image from the registry of its own region.

Why: it refuses others: "Cross region ECR image pulls are not allowed".
Fix: push the image to the target's region, or replicate the repository there.
Source: aws-samples/mlops-amazon-sagemaker#9 for CreateTrainingJob; ed-donner/alex#30.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.images import image_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.sagemaker import registry_region
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM459", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare both regions."""
    for path, target in experiment.targets_of(SageMaker):
        named = image_of(experiment, path, target)
        region = registry_region(named[1]) if named else None
        if named and region and region != target.region:
            yield Problem(named[0], f"an image in {region} for a job in {target.region}", related=(f"{path}.region",))
