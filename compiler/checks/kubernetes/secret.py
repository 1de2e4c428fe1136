"""A Kubernetes Secret is known on Kubernetes alone.

Why: other targets cannot read it, and the job there would start without it.
Fix: use kind environment or aws, or leave the other targets to a spec of their own.
Source: kubernetes.io/docs/concepts/configuration/secret: a Secret is an object of the cluster's API.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.surroundings import KubernetesSecret
from llmc.compiler.language.sections.targets import Kubernetes

CODE, SEVERITY = "LLM471", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for such secrets where a target is of another kind."""
    secrets = [name for name, secret in experiment.secrets.items() if isinstance(secret, KubernetesSecret)]
    for secret in secrets:
        for name, target in experiment.targets.items():
            if not isinstance(target, Kubernetes):
                yield Problem(
                    f"secrets.{secret}.kind",
                    f"target '{name}' is of kind {target.kind}",
                    related=(f"targets.{name}",),
                )
