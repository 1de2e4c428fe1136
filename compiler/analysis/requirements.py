"""What is added to the stack in a container."""

from __future__ import annotations

import re

from llmc.compiler.language.experiment import Experiment

_SAME = re.compile(r"[-_.]+")


def pins(experiment: Experiment) -> list[tuple[str, str, str]]:
    """Give every package that container.requirements names, as (key, name, version).

    Names are as package indexes compare them: Flash_Attn is flash-attn (PEP 503); extras are left out.
    """
    if experiment.container is None:
        return []
    found = []
    for place, line in enumerate(experiment.container.requirements):
        name, _, version = line.partition("==")
        package = _SAME.sub("-", name.partition("[")[0]).lower()
        found.append((f"container.requirements[{place}]", package, version))
    return found
