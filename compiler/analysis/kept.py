"""What autograd keeps of a layer, per token: closed forms of its widths, by architecture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmc import schemas
from llmc.compiler.analysis.workload import Saved, Shape

# Where nobody measured an architecture: most that are made today are a Llama with other widths.
OTHERWISE = "llama"


@dataclass(frozen=True, slots=True)
class Inputs:
    """Of the layers that an adapter is put on, in one layer of the model."""

    modules: int
    width: int
    """Sum of the widths of what they read."""
    unsaved: int
    """The same of each thing that they read once, without what autograd keeps anyway."""


def is_measured(family: str) -> bool:
    """Whether the numbers of an architecture are its own."""
    return family in _table()["types"]


def kept(shape: Shape, dtype: str, *, trained: bool, eager: bool = False, liger: bool = False) -> Saved:
    """Give what one layer keeps for each token, with its weights trained or frozen.

    A linear layer keeps what it read only if its weights are trained; norms, activations and attention keep theirs in
    any case. Sdpa and flash keep one number a head, norms one a token (Dao et al. 2022, arXiv:2205.14135).
    """
    table, size = _table(), 2 if dtype != "fp32" else 4
    names = "trained" if trained else "frozen"
    row = table["types"].get(shape.family, table["types"][OTHERWISE])["fp32" if dtype == "fp32" else "bf16"][names]
    hidden, ffn = row["hidden"], row["ffn"]
    if liger and shape.family in table["liger"]["types"]:
        hidden, ffn = max(1, hidden - table["liger"]["hidden"][names]), ffn - table["liger"]["ffn"]
    active = max(1, shape.active_experts)
    around = size * (hidden * shape.hidden + row["query"] * shape.query + row["kv"] * shape.kv) + 4 * shape.heads + 8
    inside = size * active * (ffn * shape.intermediate + row.get("routed", 0) * shape.hidden)
    return Saved(around, inside, scores=_scores(table, shape.family, dtype) if eager else 0)


def of_adapter(inputs: Inputs, rank: int, base: float, held: float, dropout: bool) -> float:
    """Give what low-rank adapters keep of one token in one layer, beside the frozen model's own.

    An adapter in another type than the model reads a copy of its own (PEFT 0.21.2, tuners/lora/layer.py,
    `_cast_input_dtype`), and so does one behind a dropout, which keeps a mask of a byte as well; else all adapters that
    read the same thing share it. `base` and `held` are the bytes of a value of the model and of the adapter.
    """
    if dropout:
        return inputs.width * (held + 1) + inputs.modules * rank * held
    if held != base:
        return inputs.width * held + inputs.modules * rank * held
    return inputs.unsaved * base + inputs.modules * rank * held


def _scores(table: Mapping[str, Any], family: str, dtype: str) -> float:
    eager = table["eager"]
    return float(eager.get(family, eager["fp32" if dtype == "fp32" else "bf16"]))


def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = schemas.load("catalog/activations.json")
    return table
