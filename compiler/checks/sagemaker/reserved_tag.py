"""Tags that begin with aws: belong to Amazon.

Why: SageMaker refuses them, in upper case as well.
Fix: rename the tag.
Source: AWS, tag restrictions: do not use aws: or any upper or lower case combination of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM465", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at every tag's name."""
    for path, target in experiment.targets_of(SageMaker):
        for name in target.tags:
            if name.lower().startswith("aws:"):
                yield Problem(f"{path}.tags.{name}", f"the tag {name} is reserved", of_key=True)
