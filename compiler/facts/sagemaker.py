"""What SageMaker allows, and what the names of Amazon's things say of where they are."""

from __future__ import annotations

import re
from functools import cache

from llmc import schemas

_REGISTRY = re.compile(r"[0-9]{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.([a-z0-9.-]+)/")


@cache
def limit(name: str) -> int:
    """Give a limit of the API by its name in schemas/catalog/sagemaker.json; times are in seconds."""
    return int(schemas.load("catalog/sagemaker.json")["limits"][name]["value"])


@cache
def partition_of(region: str) -> str:
    """Give the partition that a region belongs to, the second part of every ARN there.

    >>> partition_of("eu-west-1"), partition_of("cn-north-1")
    ('aws', 'aws-cn')
    """
    table = schemas.load("catalog/sagemaker.json")["partitions"]
    found = (name for beginning, name in table["by_region"].items() if region.startswith(beginning))
    return str(next(found, table["default"]))


def registry_region(image: str) -> str | None:
    """Give the region of an image in Amazon's private registry (ECR); None where it is in another one.

    >>> registry_region("123456789012.dkr.ecr.eu-west-1.amazonaws.com/llmc"), registry_region("python:3.12")
    ('eu-west-1', None)
    """
    match = _REGISTRY.match(image)
    suffixes = schemas.load("catalog/sagemaker.json")["partitions"]["registry_suffixes"]
    return match[1] if match and match[2] in suffixes else None
