"""Quantized weights cannot be trained: only an adapter beside them can.

Why: the job would stop after loading the model, because 4 or 8 bits are too few to add a gradient to.
Fix: add model.adapter, or remove model.quantization.
Source: transformers 5.23.0, Trainer: "You cannot perform fine-tuning on purely quantized models".
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM218", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for a quantized model that is trained as a whole."""
    model = experiment.model
    if experiment.training and model.quantization and not (model.adapter or model.architecture):
        yield Problem("model.quantization", "quantized weights are to be trained, without an adapter")
