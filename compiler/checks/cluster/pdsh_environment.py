"""The launcher pdsh cannot carry every text in an environment variable.

Why: DeepSpeed writes `export NAME="value"` without escaping, and pdsh replaces %h, %u and %n: other machines would get
another value, or none.
Fix: change the value, or use the launcher torchrun, which quotes.
Source: DJ093; deepspeed 0.19.8, launcher/multinode_runner.py, add_export; measured with pdsh 2.34.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import Cluster

CODE, SEVERITY = "LLM483", "error"


LOST = re.compile(r'["$`\\\n\r]|%[hun%]|^\s|\s$')


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for what a shell or pdsh would read in the values."""
    for path, target in experiment.targets_of(Cluster):
        for name, value in target.environment.items() if target.launcher == "pdsh" else ():
            found = LOST.search(value)
            if found:
                yield Problem(f"{path}.environment.{name}", f"{found[0]!r} would not arrive as it is")
