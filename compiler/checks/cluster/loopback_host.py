"""A host among several needs an address that the others can reach.

Why: every machine calls itself localhost; ranks elsewhere would look for their peers at home, and wait.
Fix: give the address that the other machines know it by.
Source: measured with torch 2.13.0 on two hosts: gloo connects to 127.0.0.1 and hangs; RFC 6761, section 6.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Cluster

CODE, SEVERITY = "LLM478", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for loopback addresses where there is more than one host."""
    for path, target in experiment.targets_of(Cluster):
        for place, host in enumerate(target.hosts) if len(target.hosts) > 1 else ():
            name = host.address.lower()
            if name.split(".")[0] in ("localhost", "127") or name == "0.0.0.0":
                yield Problem(f"{path}.hosts[{place}].address", f"{host.address} is another machine on every machine")
