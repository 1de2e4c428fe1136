"""What layers a kind of model has, and what DeepSpeed can do with them.

The table is made by running the libraries: tests/golden/model_layers.py. What is not in it is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from llmc import schemas


@dataclass(frozen=True, slots=True)
class ModelLayers:
    """The layers of one kind of model, by the last parts of their names."""

    layers: frozenset[str]
    """Linear layers and embeddings, those of every configuration."""
    embedding: str | None
    head: str | None
    experts: str | None
    """`whole` where one weight holds all experts of a layer, `apart` where each has its own; None without experts."""
    not_trained_in_shares: str | None
    """Why DeepSpeed cannot share the layers among ranks in training; None where it can."""
    not_parsed: str | None
    """Why its inference engine cannot."""
    kernels: bool
    """Whether DeepSpeed has kernels of its own for its layers."""


@cache
def layers_of(model_type: str | None) -> ModelLayers | None:
    """Give what is known of a kind of model, such as `llama`; None where that is nothing."""
    row = _types().get(model_type or "")
    if row is None:
        return None
    return ModelLayers(
        layers=frozenset(row["layers"]),
        embedding=row["embedding"],
        head=row["head"],
        experts=row["experts"],
        not_trained_in_shares=row["tensor"]["training"],
        not_parsed=row["tensor"]["inference"],
        kernels=row["kernels"],
    )


@cache
def embedding_names() -> frozenset[str]:
    """Give every name that a table of embeddings has in some model."""
    return frozenset(row["embedding"] for row in _types().values() if row["embedding"])


def _types() -> dict[str, dict[str, Any]]:
    types: dict[str, dict[str, Any]] = schemas.load("catalog/model_layers.json")["types"]
    return types
