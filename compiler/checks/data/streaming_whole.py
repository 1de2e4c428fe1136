"""What needs all rows at once cannot be done to a stream.

Why: packing fits rows of the whole set together, a share for evaluation is drawn from the whole set, and the
reference's probabilities are kept for each row.
Fix: switch streaming off, or do without packing, eval_fraction and precompute_reference.
Source: runtime/data/packing.py is best fit decreasing; trl 1.16.0 refuses to precompute for iterable data sets.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.data import TrainingData

CODE, SEVERITY = "LLM285", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for each of them beside streaming."""
    data = experiment.data
    if not isinstance(data, TrainingData) or not data.streaming:
        return
    asked = {
        "data.packing": data.packing and experiment.task == "sft",
        "data.eval_fraction": data.eval_fraction is not None,
        "preference.precompute_reference": bool(experiment.preference and experiment.preference.precompute_reference),
    }
    for path, given in asked.items():
        if given:
            yield Problem(path, f"{path} needs all rows, and the data are streamed", related=("data.streaming",))
