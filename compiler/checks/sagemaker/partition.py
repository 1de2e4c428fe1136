"""Roles, keys and secrets must be of the same partition as the region.

Why: AWS, AWS China and AWS GovCloud know nothing of each other; SageMaker refuses the role, and finds no key or secret.
Fix: name the ones of the region's own partition.
Source: botocore 1.44.5, partitions.json: the regions of each partition.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.sagemaker import partition_of
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.surroundings import AwsSecret
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM462", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the partition of every ARN with that of the region."""
    for path, target in experiment.targets_of(SageMaker):
        partition = partition_of(target.region)
        for key, arn in _arns(experiment, path, target):
            if arn.split(":")[1] != partition:
                yield Problem(
                    key,
                    f"{target.region} is in the partition {partition}, this is in {arn.split(':')[1]}",
                    related=(f"{path}.region",),
                )


def _arns(experiment: Experiment, path: str, target: SageMaker) -> Iterator[tuple[str, str]]:
    named = {"role": target.role, "volume_kms_key": target.volume_kms_key, "output_kms_key": target.output_kms_key}
    yield from ((f"{path}.{key}", arn) for key, arn in named.items() if arn)
    for name, secret in experiment.secrets.items():
        if isinstance(secret, AwsSecret):
            yield f"secrets.{name}.arn", secret.arn
