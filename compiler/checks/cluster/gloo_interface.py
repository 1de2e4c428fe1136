"""CPU ranks on several machines need to know over which network interface to talk.

Why: gloo asks for the address of its own host's name, which many systems call 127.0.0.1 or 127.0.1.1; the ranks then
connect to themselves and wait without a word.
Fix: set network_interface to the interface of that network, such as eth0.
Source: measured with torch 2.13.0 on two hosts: "Gloo connectFullMesh failed ... remote=[127.0.0.1]", then a hang.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Cluster, Slurm

CODE, SEVERITY = "LLM315", "warning"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at targets of several machines without accelerators; pods and SageMaker's hosts have names that resolve."""
    for path, cluster in experiment.targets_of(Cluster):
        if cluster.accelerator == "cpu" and cluster.network_interface is None and len(cluster.hosts) > 1:
            yield _problem(path, len(cluster.hosts))
    for path, slurm in experiment.targets_of(Slurm):
        if slurm.accelerator == "cpu" and slurm.network_interface is None and slurm.nodes > 1:
            yield _problem(path, slurm.nodes)


def _problem(path: str, machines: int) -> Problem:
    return Problem(f"{path}.network_interface", f"{machines} machines, and no network interface to talk over")
