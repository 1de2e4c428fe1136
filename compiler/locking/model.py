"""A model's entry of the lock: its configuration, its number of parameters, its tokenizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmc.compiler.bundle.render import compact_digest
from llmc.compiler.facts.tokenizer_card import is_tokenizer_file
from llmc.compiler.locking.content import json_of
from llmc.compiler.locking.place import File, Place
from llmc.compiler.locking.progress import Progress
from llmc.compiler.locking.tokenizer import Tokenizer, tokenizer_of
from llmc.compiler.locking.trouble import MISSING, Trouble
from llmc.compiler.locking.weights import INDEX, Weights, weights_of

CONFIG, GENERATION = "config.json", "generation_config.json"


def model_entry(place: Place, progress: Progress, *, whole: bool) -> tuple[dict[str, Any], Tokenizer | None]:
    """Find out about a model, or with `whole` false about a tokenizer alone. Raises Trouble."""
    files = {file.name: file for file in place.files()}
    tokenizer = tokenizer_of(place, files)
    used = {name: file for name, file in files.items() if is_tokenizer_file(name)}
    entry: dict[str, Any] = {"source": place.source, "commit": place.commit}
    if whole:
        about, parts = _model(place, files)
        entry |= about
        used |= parts
    elif tokenizer is None:
        raise Trouble(MISSING, f"{place.shown} holds no tokenizer", "correct the name")
    else:
        entry |= {"config": None, "generation_eos": [], "weights_bytes": None}
        entry["parameters"] = {"total": None, "from": "not asked for: only the tokenizer is taken from here"}
    entry["tokenizer"] = tokenizer.entry if tokenizer else None
    entry["files"] = _digest(place, used, progress)
    return entry, tokenizer


def _model(place: Place, files: Mapping[str, File]) -> tuple[dict[str, Any], dict[str, File]]:
    """What config.json and the weights say, and the files that said it."""
    if CONFIG not in files:
        raise Trouble(MISSING, f"{place.shown} holds no {CONFIG}, so it is no model", "correct the name")
    config = json_of(place, files[CONFIG])
    weights = weights_of(place, files, config)
    generation = json_of(place, files[GENERATION]) if GENERATION in files else {}
    about = {
        "config": config,
        "parameters": {"total": weights.total, "from": weights.origin},
        "weights_bytes": sum(file.size for file in weights.files) if weights.files else None,
        "generation_eos": _numbers(generation.get("eos_token_id", config.get("eos_token_id"))),
    }
    return about, _parts(files, weights)


def _parts(files: Mapping[str, File], weights: Weights) -> dict[str, File]:
    small = {name: files[name] for name in (CONFIG, GENERATION, INDEX) if name in files}
    return small | {file.name: file for file in weights.files}


def _numbers(value: Any) -> list[int]:
    values = value if isinstance(value, list) else [value]
    return [number for number in values if isinstance(number, int) and not isinstance(number, bool)]


def _digest(place: Place, used: Mapping[str, File], progress: Progress) -> str:
    """One digest of all files. What was read before is small; reading weights is what takes time."""
    with progress.of(f"{place.shown}: reading", sum(file.size for file in used.values())) as tick:
        return compact_digest({name: place.digest(file, tick) for name, file in used.items()})
