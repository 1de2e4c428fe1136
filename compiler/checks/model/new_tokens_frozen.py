"""Tokens that are added need a table of embeddings that learns.

Why: an adapter leaves the table as it is, so new tokens keep the rows they were started with and mean nothing.
Fix: add the model's embeddings to model.adapter.modules_to_save, and its output layer where the two are not one.
Source: huggingface/transformers#41959 (DJ070); PEFT, LoRA developer guide, on modules_to_save.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.model_card import ModelCard
from llmc.compiler.facts.model_layers import embedding_names, layers_of
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.model import Lora, QLora

CODE, SEVERITY = "LLM221", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the tables among what is trained. Of a model that is not known, any usual name counts."""
    model = experiment.model
    if model.embeddings is None or not model.embeddings.new_tokens or not isinstance(model.adapter, Lora | QLora):
        return
    trained = _trained(model.adapter)
    for names in _tables(facts.model(experiment)):
        if not trained & names:
            yield Problem(
                "model.embeddings.new_tokens",
                f"new tokens, and the adapter does not train {' or '.join(sorted(names))}",
                related=("model.adapter",),
            )


def _trained(adapter: Lora | QLora) -> set[str]:
    targets = [] if isinstance(adapter.target_modules, str) else adapter.target_modules
    return {name.split(".")[-1] for name in [*adapter.modules_to_save, *targets]}


def _tables(card: ModelCard | None) -> Iterator[frozenset[str]]:
    """What has to be trained: for each table the names that it may have."""
    known = layers_of(card.model_type) if card else None
    if card is None or known is None or known.embedding is None:
        yield embedding_names()
        return
    yield frozenset({known.embedding})
    if card.tie_word_embeddings is False and known.head:
        yield frozenset({known.head})
