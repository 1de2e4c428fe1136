"""FastFile streams from S3; a file system is mounted.

Why: SageMaker takes the input mode File alone for a file system of FSx.
Fix: set input_mode to File, or remove fsx.
Source: AWS, Access Training Data: fast file mode gives access to an Amazon S3 data source.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM450", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for both."""
    for path, target in experiment.targets_of(SageMaker):
        if target.fsx and target.input_mode == "FastFile":
            yield Problem(f"{path}.input_mode", "FastFile with a file system", related=(f"{path}.fsx",))
