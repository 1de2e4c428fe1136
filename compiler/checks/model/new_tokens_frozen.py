"""New tokens need embeddings that are trained, which an adapter leaves frozen.

Why: the new rows would stay what they were made as, so the model never learns what the tokens mean.
Fix: add the embedding and output layers to model.adapter.modules_to_save, such as [embed_tokens, lm_head].
Source: huggingface/transformers issue 41959; PEFT's guide on new tokens.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.model import Lora, QLora

CODE, SEVERITY = "LLM221", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for new tokens beside an adapter that trains nothing else."""
    embeddings, adapter = experiment.model.embeddings, experiment.model.adapter
    if not embeddings or not embeddings.new_tokens or not isinstance(adapter, (Lora, QLora)):
        return
    if not adapter.modules_to_save:
        count = len(embeddings.new_tokens)
        message = f"{count} new tokens whose embeddings nothing trains"
        yield Problem("model.embeddings.new_tokens", message, related=("model.adapter",))
