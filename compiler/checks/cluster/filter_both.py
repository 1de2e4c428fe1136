"""A cluster has include or exclude, not both.

Why: DeepSpeed's launcher refuses both: "include_str and exclude_str are mutually exclusive".
Fix: remove one; include alone can say everything.
Source: deepspeed 0.19.8, launcher/runner.py, parse_resource_filter.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Cluster

CODE, SEVERITY = "LLM484", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for both."""
    for path, target in experiment.targets_of(Cluster):
        if target.include and target.exclude:
            yield Problem(f"{path}.exclude", "exclude beside include", related=(f"{path}.include",))
