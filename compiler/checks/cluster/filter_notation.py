"""include and exclude are in the notation of DeepSpeed's launcher: NAME:SLOT,SLOT@NAME.

Why: the launcher would stop, or take the text for the name of a host.
Fix: separate hosts by @, and slots by commas after a colon, without spaces or ranges: w0:0,1@w1.
Source: deepspeed 0.19.8, launcher/runner.py, parse_node_config_list.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.hosts import named_by
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Cluster

CODE, SEVERITY = "LLM479", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Try to read both."""
    for path, target in experiment.targets_of(Cluster):
        for key, text in (("include", target.include), ("exclude", target.exclude)):
            if text and named_by(text) is None:
                yield Problem(f"{path}.{key}", f"'{text}' names no hosts and slots")
