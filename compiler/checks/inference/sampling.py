"""temperature, top_p and top_k only act where tokens are drawn at random.

Why: greedy decoding ignores them, so the answers would not be what the spec says.
Fix: set generation.do_sample to true, or remove them.
Source: transformers 5.23.0, GenerationConfig.validate warns about it in a log.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM207", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for sampling settings without sampling."""
    inference, training = experiment.inference, experiment.training
    asked = {
        "inference.generation": inference.generation if inference else None,
        "training.evaluation.generation": training.evaluation.generation if training else None,
    }
    for section, generation in asked.items():
        for key in ("temperature", "top_p", "top_k"):
            if generation and not generation.do_sample and getattr(generation, key) is not None:
                yield Problem(f"{section}.{key}", f"{key} has no effect while do_sample is false")
