"""include and exclude name hosts of the cluster, and slots that they have.

Why: DeepSpeed's launcher stops at an unknown one; versions before 0.19.7 took a slot that is not there.
Fix: correct the name; slots count from 0, so a host with 8 has 0 to 7.
Source: deepspeed 0.19.8, launcher/runner.py, parse_resource_filter; DJ092 for older versions.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.hosts import named_by
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Cluster

CODE, SEVERITY = "LLM480", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look up every host and slot that a filter names."""
    for path, target in experiment.targets_of(Cluster):
        slots = {host.address: host.slots for host in target.hosts} if target.include or target.exclude else {}
        for key, text in (("include", target.include), ("exclude", target.exclude)):
            for name, wanted in named_by(text or "") or ():
                if name not in slots:
                    yield Problem(f"{path}.{key}", f"no host {name}", related=(f"{path}.hosts",))
                elif wanted and max(wanted) >= slots[name]:
                    yield Problem(f"{path}.{key}", f"{name} has no slot {max(wanted)}", related=(f"{path}.hosts",))
