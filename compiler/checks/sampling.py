"""temperature and top_p only act where tokens are drawn at random.

Why: greedy decoding ignores them, so the answers would not be what the spec says.
Fix: set generation.do_sample to true, or remove temperature and top_p.
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
    if experiment.inference is None or experiment.inference.generation.do_sample:
        return
    for key in ("temperature", "top_p"):
        if getattr(experiment.inference.generation, key) is not None:
            yield Problem(f"inference.generation.{key}", f"{key} has no effect while do_sample is false")
