"""What is around a job: its container, its budget, its secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Container:
    """The image that the job runs in."""

    base: str | None
    requirements: list[str]
    system_packages: list[str]
    environment: dict[str, str]
    repository: str | None
    shm_gb: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What the job may take on each target."""

    hours: float | None
    usd: float | None


@dataclass(frozen=True, slots=True)
class EnvironmentSecret:
    """A secret in an environment variable; without a name, in one of its own name."""

    kind: Literal["environment"]
    variable: str | None


@dataclass(frozen=True, slots=True)
class AwsSecret:
    """A secret in AWS Secrets Manager."""

    kind: Literal["aws"]
    arn: str
    key: str | None


@dataclass(frozen=True, slots=True)
class KubernetesSecret:
    """A key of a Kubernetes Secret."""

    kind: Literal["kubernetes"]
    name: str
    key: str


Secret = EnvironmentSecret | AwsSecret | KubernetesSecret
