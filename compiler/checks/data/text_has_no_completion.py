"""Plain text has no completion, so the loss cannot be limited to it.

Why: every token of such a row is learned, whatever completion_only_loss says.
Fix: set data.completion_only_loss to false, or use rows with prompt and completion.
Source: runtime/data/tokenise.py; trl 1.16.0, SFTConfig.completion_only_loss is for prompt-completion data.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.data import TrainingData

CODE, SEVERITY = "LLM287", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for text among the data of a fine-tuning."""
    data = experiment.data
    if experiment.task != "sft" or not isinstance(data, TrainingData) or not data.completion_only_loss:
        return
    for key, split in data.splits():
        if split.format == "text":
            message = "text has no completion, and only completions are to be learned"
            yield Problem(f"{key}.format", message, related=("data.completion_only_loss",))
