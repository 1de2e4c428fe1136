"""Makes a Workload of a row of the published measurements: the adapter that stands where a spec's own stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmc.compiler.analysis.kept import Inputs, kept, of_adapter
from llmc.compiler.analysis.memory import logits
from llmc.compiler.analysis.workload import (
    Batch,
    Bytes,
    Counts,
    Files,
    Generation,
    Machine,
    Ranks,
    Recompute,
    Saved,
    Shape,
    Sharding,
    Workload,
)
from llmc.compiler.facts.hardware import accelerator, accelerator_ids
from llmc.compiler.facts.model_card import ModelCard

Row = Mapping[str, Any]

DATA = Path(__file__).parent / "data"
CONFIGS: dict[str, dict[str, Any]] = json.loads((DATA / "model_configs.json").read_text())
CONVENTIONS: dict[str, dict[str, Any]] = json.loads((DATA / "frameworks.json").read_text())

GIB = 2**30
UNGATED = ("bloom", "falcon", "gpt2", "gpt_neox", "mpt", "opt", "phi")
# transformers' own default of these is to tie.
TIED = ("bloom", "falcon", "gemma", "gemma2", "gemma3_text", "gpt2", "opt")
# Bytes of a weight, from the terms of schemas/catalog: nf4 has a float for 64 of them, quantised itself with `dq`.
QUANTISED = {"nf4": 0.5625, "nf4-dq": 0.5159, "int4-g64": 0.5625, "int8": 1.0}
SOLD_AS = {"h100-96": "h100-94gb", "b200-180": "b200-192gb"}
ASKED: dict[str | None, Any] = {"max_allocated": "allocated", "max_reserved": "reserved"}


def load(path: Path = DATA / "measured.json") -> list[Row]:
    """Give every row of a file of measurements."""
    rows: list[Row] = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return rows


def group(row: Row) -> tuple[str, str, str]:
    """Give what rows resemble each other by: one table, one model."""
    return row["source"]["repo"], row["source"]["path"], row["model"]


def workload(row: Row) -> Workload | None:
    """Describe what a row ran; None where its model's shape is not known."""
    config = CONFIGS.get(row["model"])
    if config is None:
        return None
    shape = shape_of(config)
    return Workload(
        "infer" if row["task"] == "infer" else "train",
        shape,
        _counts(row, shape),
        _bytes(row),
        _ranks(row),
        _sharding(row, shape),
        _saved(row, shape),
        _batch(row, shape),
        _recompute(row),
        _generation(row),
        _machine(row),
        _files(row),
        method=row["method"],
        optimizer=row["optimizer"],
        reference=row["method"] == "dpo",
        asked=ASKED.get(row["peak_kind"], "device"),
    )


def shape_of(config: Mapping[str, Any]) -> Shape:
    """Read a model's measures."""
    card = ModelCard(config, "row")
    kind, hidden, heads = str(card.model_type), card.hidden_size or 0, card.num_attention_heads or 1
    kv = card.num_key_value_heads or heads
    if kind == "falcon":
        kv = config.get("num_kv_heads") or (1 if config.get("multi_query") else heads)
    tied = kind in TIED if config.get("tie_word_embeddings") is None else bool(config["tie_word_embeddings"])
    return Shape(
        kind,
        hidden,
        card.num_hidden_layers or 1,
        heads,
        kv,
        card.head_dim or hidden // heads,
        config.get("moe_intermediate_size") or card.intermediate_size or 4 * hidden,
        card.vocab_size or 0,
        gated=kind not in UNGATED,
        experts=card.num_experts or 0,
        active_experts=card.num_experts_per_tok or 0,
        tied=tied,
    )


def _is_adapter(row: Row) -> bool:
    return row["lora"] is not None


def _engine(row: Row) -> Any:
    return {"deepspeed": "deepspeed", "fsdp": "fsdp", "ddp": "ddp"}.get(row["style"], "none")


def _convention(row: Row, name: str, otherwise: Any) -> Any:
    return CONVENTIONS["frameworks"].get(row["framework"], {}).get(name, otherwise)


def _targets(row: Row, shape: Shape) -> list[tuple[str, int, int]]:
    """What each adapter of a layer is put on: what it reads, and how wide that and its output are."""
    hidden, query, kv, ffn = shape.hidden, shape.query, shape.kv, shape.intermediate
    linear = {
        "q": ("attention", hidden, query),
        "k": ("attention", hidden, kv),
        "v": ("attention", hidden, kv),
        "o": ("output", query, hidden),
        "gate": ("mlp", hidden, ffn),
        "up": ("mlp", hidden, ffn),
        "down": ("down", ffn, hidden),
    }
    if not shape.gated:
        del linear["gate"]
    named = (row["lora"] or {}).get("targets") or ""
    if named.startswith("all"):
        return list(linear.values())
    meant = {"query": "q", "key": "k", "value": "v", "projection": "o"}
    words = named.replace("qkv", "q,k,v").replace("mlp", "gate,up,down").split(",")
    short = (word.strip().removesuffix("_proj") for word in words)
    return [linear[meant.get(word, word)] for word in short if meant.get(word, word) in linear]


def _counts(row: Row, shape: Shape) -> Counts:
    total, table = row["n_params"], shape.vocab * shape.hidden
    tables = table if shape.tied else 2 * table
    layer = (total - tables) // shape.layers
    experts = 3 * shape.hidden * shape.intermediate * shape.experts * shape.layers
    adapter = 0
    if _is_adapter(row):
        rank = row["lora"].get("r") or 0
        counted = sum(rank * (inward + outward) for _, inward, outward in _targets(row, shape)) * shape.layers
        adapter = row["lora"].get("trainable") or counted
    trained = adapter if _is_adapter(row) else total
    return Counts(total, trained, tables, table, layer, adapter, total - tables if row["quant"] else 0, experts)


def _bytes(row: Row) -> Bytes:
    held = _convention(row, "adapter", 2)
    quantised = QUANTISED.get(row["quant"] or "", 2)
    if row["precision"] == "bf16_pure_ds":
        return Bytes(master=2, moments=_moments(row, 2), update=2)
    if _engine(row) == "deepspeed":
        return Bytes(quantised=quantised, moments=_moments(row, 4))
    if _is_adapter(row):
        each = 4 if row["precision"] == "fp32" else held
        return Bytes(quantised=quantised, adapter=each, gradient=each, master=0, moments=2 * each, update=each)
    if row["precision"] in ("bf16_mixed", "fp16", "fp8", "fp32") and row["task"] == "train":
        return Bytes(trained=4, gradient=4, master=0, moments=_moments(row, 4), update=4)
    return Bytes(quantised=quantised, master=0, moments=_moments(row, 2), update=2)


def _moments(row: Row, size: float) -> float:
    """What an optimizer remembers of a weight: values of `size` bytes, or of one byte; paged ones lie on the host."""
    name = row["optimizer"] or ""
    if "paged" in name or "sgd" in name:
        return 0.0
    return 2.0 if "8bit" in name else size if name in ("lion", "muon") else 2 * size


def _ranks(row: Row) -> Ranks:
    ranks, nodes = row["n_gpus"], row["n_nodes"]
    if row["style"] == "device_map":
        return Ranks(pipeline=ranks, per_node=1)
    sequence, model = row["sp"] * row["cp"], row["tp"] * row["pp"]
    data = max(1, ranks // (sequence * model))
    return Ranks(data, row["tp"], sequence, row["ep"], row["pp"], ranks // nodes, nodes)


def _sharding(row: Row, shape: Shape) -> Sharding:
    engine = _engine(row)
    bucket, prefetch = 500_000_000, 50_000_000
    if _convention(row, "buckets", "") == "hidden":
        bucket, prefetch = shape.hidden**2, int(0.9 * shape.hidden**2)
    return Sharding(
        engine,
        row["zero"] if engine != "none" else 0,
        row["offload_optimizer"] or "none",
        row["offload_param"] or "none",
        reduce_bucket=bucket,
        prefetch_bucket=prefetch,
        overlap=engine == "deepspeed",
        gathers_everything=engine == "fsdp" and _is_adapter(row) and _convention(row, "gathers_everything", False),
    )


def _saved(row: Row, shape: Shape) -> Saved:
    own = _convention(row, "implementation", "")
    # bitsandbytes kept what its layers read until 0.44, and so do all rows that are quantised.
    trained = not _is_adapter(row) or bool(row["quant"])
    table = CONVENTIONS["implementations"].get(own, {}).get("gated" if shape.gated else "plain")
    if table is None or row["task"] == "infer":
        saved = kept(shape, "bf16", trained=trained, liger=row["loss"] == "fused")
        return Saved(saved.attention, saved.ffn, _adapters(row, shape))
    method = row["method"].removeprefix("q") if _is_adapter(row) else "full"
    name = f"{method} inputs" if row["quant"] and _is_adapter(row) else method
    hidden, kv, ffn = table.get(name, table["full"])
    around = 2 * (hidden * shape.hidden + kv * shape.kv) + 4 * shape.heads + 8
    others = sum(3 * inward for reads, inward, _ in _targets(row, shape) if reads != "attention")
    return Saved(around, 2 * ffn * shape.intermediate, others)


def _adapters(row: Row, shape: Shape) -> float:
    if not _is_adapter(row):
        return 0.0
    targets = _targets(row, shape)
    unsaved = {reads: inward for reads, inward, _ in targets if reads != "output"}
    inputs = Inputs(len(targets), sum(inward for _, inward, _ in targets), sum(unsaved.values()))
    rank = row["lora"].get("r") or 0
    return of_adapter(inputs, rank, 2, _bytes(row).adapter, bool(_convention(row, "dropout", False)))


def _batch(row: Row, shape: Shape) -> Batch:
    compared = row["method"].startswith(("dpo", "simpo")) and "packing" not in row["source"]["path"]
    tokens = row["seq_len"] or 0
    if (row["lora"] or {}).get("kind") == "prompt_tuning":
        tokens += row["lora"]["trainable"] // shape.hidden
    return Batch(row["micro_batch"] or 1, tokens, row["grad_accum"] or 1, 2 if compared else 1)


def _recompute(row: Row) -> Recompute:
    less = row["compile"] or row["loss"] == "chunked"
    loss = _convention(row, "loss", logits.COMPILED if less else logits.FULL)
    kind = row["act_ckpt"] if row["act_ckpt"] in ("full", "selective") else "none"
    fused = row["loss"] == "fused"
    return Recompute(kind, row["act_offload"], 0 if fused else loss, row["tiled_mlp"], row["compile"])


def _generation(row: Row) -> Generation | None:
    if row["task"] != "infer":
        return None
    away = "kv_offload=True" in row["notes"]
    return Generation(row["micro_batch"] or 1, row["seq_len"] or 30, row["gen_len"] or 50, cache_offload=away)


def _machine(row: Row) -> Machine:
    name = next((name for name in accelerator_ids() if _same(name, row["gpu"])), "")
    found = accelerator(name) if name else None
    usable = found.usable_gib if found else None
    return Machine(name, "cuda", int(usable * GIB) if usable else None)


def _same(ours: str, theirs: str) -> bool:
    """Whether a row means an accelerator of the catalogue: `h100-80` is h100-80gb, `a6000` an RTX A6000."""
    if theirs in SOLD_AS:
        return ours == SOLD_AS[theirs]
    plain, other = ours.replace("-", "").removesuffix("gb"), theirs.replace("-", "")
    return plain == other or plain.removeprefix("rtx").startswith(other.removeprefix("rtx"))


def _files(row: Row) -> Files:
    whole = row["precision"] in ("bf16_mixed", "fp16") and not _is_adapter(row)
    return Files(partitioned=row["zero"] == 3, read=4 if whole else 2)
