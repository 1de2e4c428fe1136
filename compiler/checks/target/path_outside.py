"""A path of the machine must be one that the container sees.

Why: a container has the image's folders and what is mounted into it; a folder of the host is not there.
Fix: put it on a volume, name it by an s3:// address, or build it into the image.
Source: kubernetes.io/docs/concepts/storage/volumes; AWS, SageMaker training storage folders: /opt/ml.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from llmc.compiler.analysis.images import containers
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Kubernetes

CODE, SEVERITY = "LLM317", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for absolute paths that are below no mount."""
    targets = containers(experiment)
    absolute = [(key, path) for key, path in experiment.paths() if path.startswith("/")] if targets else []
    for key, path in absolute:
        for where, target in targets:
            mounts = [volume.mount for volume in target.volumes] if isinstance(target, Kubernetes) else ["/opt/ml"]
            if not any(PurePosixPath(path).is_relative_to(mount) for mount in mounts):
                name = where.removeprefix("targets.")
                yield Problem(key, f"nothing is mounted at {path} on target '{name}'", related=(where,))
