"""What can be known to fail before any process is started is refused here, by name."""

import json
import os
import shutil
from pathlib import Path

from llmc.runtime import stack
from llmc.runtime.contract import Contract, Lora, Trained, sources
from llmc.runtime.data.formats import read
from llmc.runtime.refusal import Refusal

# Room for logs and metrics; what checkpoints need is the planner's forecast, not known here.
FREE_BYTES = 64 * 2**20


def check(contract: Contract) -> dict[str, str]:
    """Refuse what cannot run here (LLM510 to LLM521); returns the versions of the stack."""
    versions = stack.verify(contract.run.stack)
    _dtype(contract)
    _model(contract)
    _tokenizer(contract)
    for source in sources(contract.run):
        for _ in read(source, contract.path(source.path)):
            pass
    _disk(contract)
    return versions


def _dtype(contract: Contract) -> None:
    if contract.run.target.accelerator == "cpu" and contract.run.model.dtype == "fp16":
        raise Refusal("LLM515", "model.dtype is fp16 and the accelerator is a CPU")


def _model(contract: Contract) -> None:
    model = contract.run.model
    if model.architecture is not None and isinstance(model.adapter, Lora):
        raise Refusal("LLM517", "model.adapter is given together with model.architecture")
    if model.name_or_path is not None:
        _find(contract, "LLM511", "model.name_or_path", model.name_or_path, "config.json")
    if isinstance(model.adapter, Trained):
        folder = contract.path(model.adapter.path)
        if not (folder / "adapter_config.json").is_file():
            raise Refusal("LLM511", f"model.adapter.path: {model.adapter.path} holds no adapter_config.json")


def _tokenizer(contract: Contract) -> None:
    model = contract.run.model
    key = "model.tokenizer" if model.tokenizer else "model.name_or_path"
    written = model.tokenizer or model.name_or_path or ""
    folder = _find(contract, "LLM512", key, written, "tokenizer_config.json")
    messages = any(source.format == "messages" for source in sources(contract.run))
    if folder and messages and not _has_chat_template(folder):
        raise Refusal(
            "LLM512",
            f"{key}: {written} has no chat template, and the data are messages",
            help="use the tokenizer of an instruct model, or data of format prompt_completion",
        )


def _has_chat_template(folder: Path) -> bool:
    if any(folder.glob("chat_template*")) or (folder / "additional_chat_templates").is_dir():
        return True
    return bool(json.loads((folder / "tokenizer_config.json").read_bytes()).get("chat_template"))


def _find(contract: Contract, code: str, key: str, written: str, file: str) -> Path | None:
    """The folder that holds a file of a model, or None for a hub id that may be downloaded when it is needed."""
    folder = contract.path(written)
    if folder.is_dir():
        if not (folder / file).is_file():
            raise Refusal(code, f"{key}: {written} holds no {file}")
        return folder
    if not _is_hub_id(written):
        raise Refusal(code, f"{key}: {written} does not exist")
    return _cached(contract, code, key, written, file)


def _is_hub_id(written: str) -> bool:
    return written.count("/") == 1 and not written.startswith((".", "/", "~")) and not written.endswith("/")


def _cached(contract: Contract, code: str, key: str, written: str, file: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    if contract.run.launch.environment.get("HF_HUB_OFFLINE", "0") not in {"1", "ON", "YES", "TRUE"}:
        return None
    found = try_to_load_from_cache(written, file, revision=contract.run.model.revision)
    if not isinstance(found, str):
        raise Refusal(code, f"{key}: {written} is neither a folder nor in the hub's cache, and the run is offline")
    return Path(found).parent


def _disk(contract: Contract) -> None:
    runs = contract.path(contract.run.runs)
    existing = next(path for path in (runs, *runs.parents) if path.exists())
    if not os.access(existing, os.W_OK) or not existing.is_dir():
        raise Refusal("LLM514", f"{contract.run.runs} cannot be written")
    free = shutil.disk_usage(existing).free
    if free < FREE_BYTES:
        raise Refusal("LLM514", f"{contract.run.runs}: {free // 2**20} MiB are free, {FREE_BYTES // 2**20} are needed")
