"""Every volume needs a mount of its own.

Why: Kubernetes refuses two volumes at one path; over /, /dev or /proc the container could not start; it
refuses a colon as well.
Fix: mount each at a folder of its own, such as /data.
Source: kubernetes/kubernetes, pkg/apis/core/validation/validation.go, ValidateVolumeMounts: "must be unique".
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import normpath

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Kubernetes

CODE, SEVERITY = "LLM489", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the paths with each other and with those of the system."""
    for path, target in experiment.targets_of(Kubernetes):
        seen: dict[str, str] = {}
        for place, volume in enumerate(target.volumes):
            key, mount = f"{path}.volumes[{place}].mount", normpath(volume.mount)
            if mount in seen:
                yield Problem(key, f"a second volume at {mount}", related=(seen[mount],))
            elif _of_the_system(mount):
                yield Problem(key, f"no volume can be mounted at {mount}")
            seen.setdefault(mount, key)


def _of_the_system(mount: str) -> bool:
    """Whether the container needs the path itself, or Kubernetes refuses it; normpath keeps a doubled first slash."""
    return ":" in mount or mount.strip("/") == "" or mount.lstrip("/").split("/")[0] in ("dev", "proc", "sys")
