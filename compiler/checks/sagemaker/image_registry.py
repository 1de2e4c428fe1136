"""SageMaker takes images from Amazon's private registry (ECR).

Why: it refuses public.ecr.aws and Docker Hub; a private registry needs settings that this language does not have.
Fix: push the image to a repository such as 123456789012.dkr.ecr.eu-west-1.amazonaws.com/llmc.
Source: aws/sagemaker-python-sdk#2605; kubeflow/pipelines#3728; boto/boto3#2906: TrainingImageConfig must be provided.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.images import image_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.sagemaker import registry_region
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM460", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at the name of the registry."""
    for path, target in experiment.targets_of(SageMaker):
        named = image_of(experiment, path, target)
        if named and registry_region(named[1]) is None:
            yield Problem(named[0], f"{named[1]} is in no registry that SageMaker takes images from")
