"""Conversations need a tokenizer with a chat template.

Why: the job would stop while it prepares its data, because nothing says how a conversation becomes text.
Fix: take the tokenizer of an instruct model by model.tokenizer, or write the data as prompt_completion.
Source: transformers, apply_chat_template: tokenizer.chat_template is not set and no template argument was passed;
huggingface/trl issues 696 and 2059: what happens when one is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.wanted import wanted_data
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM232", "error"
NEEDS = ("tokenizer",)


def applies(experiment: Experiment) -> bool:
    """Whether there are conversations, and the spec has no template of its own."""
    return bool(_conversations(experiment))


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at what the tokenizer's files hold."""
    tokenizer = facts.tokenizer(experiment)
    conversations = _conversations(experiment)
    if tokenizer is None or tokenizer.has_chat_template or not conversations:
        return
    named = "model.tokenizer" if experiment.model.tokenizer else "model.name_or_path"
    form = conversations[0].removesuffix("path") + "format"
    yield Problem(form, "the data are messages, and the tokenizer has no chat template", related=(named,))


def _conversations(experiment: Experiment) -> list[str]:
    wanted = wanted_data(experiment)
    return [data.key for data in wanted if data.source.format == "messages" and not data.chat_template]
