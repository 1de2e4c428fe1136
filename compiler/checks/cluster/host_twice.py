"""A cluster names each host once.

Why: DeepSpeed's launcher refuses a host with two entries; others would start two jobs on the same devices.
Fix: remove one of them, and give the other all slots.
Source: deepspeed 0.19.8, launcher/runner.py, _parse_hostfile: "Hostfile contains multiple entries".
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Cluster

CODE, SEVERITY = "LLM477", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare addresses; two names of one machine look like two machines."""
    for path, target in experiment.targets_of(Cluster):
        seen: dict[str, int] = {}
        for place, host in enumerate(target.hosts):
            first = seen.setdefault(host.address.lower(), place)
            if first != place:
                yield Problem(
                    f"{path}.hosts[{place}].address",
                    f"{host.address} is named twice",
                    related=(f"{path}.hosts[{first}].address",),
                )
