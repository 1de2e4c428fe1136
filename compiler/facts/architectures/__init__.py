"""How each architecture is built: one file for each family, found by being there.

A family is a module with a docstring, `TYPES` (the model types that it knows) and `describe(shape)`, which gives the
model's parameters. `python tests/golden/architectures.py` then writes what transformers takes for keys that a
config.json leaves out into `schemas/catalog/architectures.json`, and the tests compare it with the real classes.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from llmc import schemas
from llmc.compiler.facts.architectures.shape import Shape, Unreadable
from llmc.compiler.facts.modules import Parameters

HELPERS = ("blocks", "shape")


def families() -> tuple[ModuleType, ...]:
    """Every family, by name."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if info.name not in HELPERS)
    return tuple(import_module(f"{__name__}.{name}") for name in names)


def describe(config: Mapping[str, Any]) -> Parameters | None:
    """Give a model's parameters, by its config.json; None for one that is of no known architecture, or not readable."""
    kind = config.get("model_type")
    row = _types().get(kind) if isinstance(kind, str) else None
    # A model with a part for text has others too; cross attention belongs to models of two halves.
    if row is None or config.get("text_config") or config.get("add_cross_attention"):
        return None
    try:
        parameters: Parameters = _family(row["family"]).describe(Shape(config, row))
    except Unreadable:
        return None
    return parameters


def fused_targets(model_type: str) -> Mapping[str, str]:
    """How PEFT renames LoRA's targets in a model whose experts transformers 5 keeps as one weight; empty for others."""
    tables: Mapping[str, Mapping[str, str]] = schemas.load("catalog/architectures.json")["fused"]
    return tables.get(_types()[model_type]["fused"] or "", {})


@cache
def _types() -> Mapping[str, Mapping[str, Any]]:
    types: Mapping[str, Mapping[str, Any]] = schemas.load("catalog/architectures.json")["types"]
    return types


@cache
def _family(name: str) -> ModuleType:
    # The name is of our own catalogue. Only what is needed is imported.
    return import_module(f"{__name__}.{name}")
