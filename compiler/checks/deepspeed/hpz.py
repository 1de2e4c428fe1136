"""The second partition of ZeRO++ must divide the ranks evenly.

Why: a group that does not fit stops the job when it starts; a group of more ranks than there are silently is the world.
Fix: use the number of GPUs of one node, which is what the second partition is for, or remove the key.
Source: deepspeed 0.19.8, utils/groups.py:944; Wang et al. 2023, arXiv:2306.10209, section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given, stage_of
from llmc.compiler.analysis.topology import topology_of
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM249", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Divide the ranks of every target."""
    setting = given(experiment, "zero_optimization.zero_hpz_partition_size")
    if setting is None or not isinstance(setting.value, int) or setting.value < 2:
        return
    for name in experiment.targets if stage_of(experiment) == 3 else ():
        topology = topology_of(experiment, name, facts)
        ranks = topology.world_size if topology else 0
        if ranks % setting.value:
            message = f"{ranks} ranks of target '{name}' do not make groups of {setting.value}"
            yield Problem(setting.path, message, related=(f"targets.{name}",))
