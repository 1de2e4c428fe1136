"""How many parameters a model has, and how many of them are trained, from its config.json alone.

Nothing is guessed: what is not known exactly is None. A count takes some ten microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmc.compiler.facts.adapted import adapted
from llmc.compiler.facts.architectures import describe
from llmc.compiler.facts.model_card import ModelCard
from llmc.compiler.facts.modules import Parameters
from llmc.compiler.language.sections.model import Lora, QLora


@dataclass(frozen=True, slots=True)
class Counted:
    """How many parameters a model has and where that is from. `parts` is None where only the number is known.

    The number may be another than that of the parts: files can hold what transformers do not build, such as layers
    that predict one token more.
    """

    total: int
    source: str
    parts: Parameters | None


def counted(card: ModelCard, *, runs_own_code: bool = False) -> Counted | None:
    """Count a model's parameters, from its weight files if these were counted, else from its config.json.

    Of a model that `runs_own_code` only the files can tell. None where nothing can.
    """
    parts = None if runs_own_code and "auto_map" in card.config else count(card.config)
    if card.parameters is not None:
        return Counted(card.parameters, card.counted_from or "the lock", parts)
    return Counted(parts.total, "config.json", parts) if parts else None


def count(config: Mapping[str, Any]) -> Parameters | None:
    """Count a model's parameters as transformers would build it; None where its architecture is not known here."""
    return describe(config)


def trainable(config: Mapping[str, Any], adapter: Lora | QLora | None) -> int | None:
    """Count the parameters that are trained: all of them where there is no adapter.

    None where the model's architecture is not known, or where PEFT would refuse the adapter.
    """
    parameters = count(config)
    if parameters is None or adapter is None:
        return parameters.total if parameters else None
    return adapted(parameters, adapter)
