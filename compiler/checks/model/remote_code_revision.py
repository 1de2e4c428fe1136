"""Code from the hub must be pinned by its commit.

Why: whoever can push to the repository could run code with your rights in the next job.
Fix: add model.revision with the full commit hash, after reading the code.
Source: huggingface_hub: without a revision, a download takes the branch main as it is then.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment, is_hub_id

CODE, SEVERITY = "LLM222", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for remote code without a revision."""
    model = experiment.model
    if model.trust_remote_code and model.name_or_path and is_hub_id(model.name_or_path) and not model.revision:
        message = f"code of {model.name_or_path} is trusted whatever it becomes"
        yield Problem("model.trust_remote_code", message, related=("model.name_or_path",))
