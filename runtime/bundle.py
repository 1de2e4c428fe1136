"""The proof that a bundle is the one that was compiled: what was reviewed is what runs."""

import hashlib
import json
from pathlib import Path
from typing import Any

from llmc.runtime.contract import Contract, read_run, sources
from llmc.runtime.files import digest
from llmc.runtime.refusal import Refusal

# Keys of the manifest's inputs that name a role instead of a local file.
ROLES = frozenset({"experiment", "lock"})


def load(target_dir: Path) -> Contract:
    """Verify the bundle around a target's folder and read its run.json; raises Refusal (LLM500 to LLM505)."""
    folder = target_dir.resolve()
    bundle = folder.parent
    manifest = _manifest(bundle, target_dir)
    files = _verify_outputs(bundle, folder.name, manifest["outputs"])
    run = read_run(folder / "run.json")
    if run.deepspeed is not None and f"{folder.name}/{run.deepspeed}" not in files:
        raise Refusal("LLM503", f"{run.deepspeed}, which run.json names, is not a file of this bundle")
    base = (folder / run.base).resolve()
    _verify_inputs(base, manifest["inputs"])
    for source in sources(run):
        _verify_folder(base, source.path, manifest["inputs"])
    return Contract(run, folder, base, manifest["digest"], files)


def _manifest(bundle: Path, named: Path) -> dict[str, Any]:
    try:
        raw = (bundle / "manifest.json").read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise Refusal("LLM500", f"{named} is not a target's folder: there is no manifest.json beside it") from None
    try:
        manifest = json.loads(raw)
        claimed = manifest.pop("digest")
        text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        actual = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        whole = {"inputs": dict(manifest["inputs"]), "outputs": dict(manifest["outputs"]), "digest": claimed}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal("LLM501", f"manifest.json cannot be read: {type(error).__name__}: {error}") from None
    # The bytes are compared too: a change that JSON does not see (white space) is a change nevertheless.
    canonical = json.dumps({**manifest, "digest": claimed}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    if actual != claimed or canonical.encode() != raw:
        raise Refusal("LLM501", f"manifest.json says {claimed}, its content is {actual}")
    return whole


def _verify_outputs(bundle: Path, target: str, outputs: dict[str, str]) -> tuple[str, ...]:
    """Verify what this target runs: the files in the bundle's root and those in the target's folder."""
    mine = sorted(name for name in outputs if "/" not in name or name.startswith(f"{target}/"))
    if f"{target}/run.json" not in mine:
        raise Refusal("LLM500", f"the bundle has no target {target!r}: manifest.json does not list {target}/run.json")
    for name in mine:
        path = bundle / name
        if not path.is_file():
            raise Refusal("LLM503", f"{name} is missing from the bundle")
        if digest(path) != outputs[name]:
            raise Refusal("LLM502", f"{name} is not the file that was compiled")
    return tuple(mine)


def _verify_inputs(base: Path, inputs: dict[str, str]) -> None:
    """Verify the inputs that are local files; whether the data of this run exists is asked by the preflight."""
    for name, expected in sorted(inputs.items()):
        path = base / name
        if name not in ROLES and path.is_file() and digest(path) != expected:
            raise Refusal("LLM504", f"{name} has changed since the bundle was compiled")


def _verify_folder(base: Path, written: str, inputs: dict[str, str]) -> None:
    """Refuse a file that was added to a data folder whose files the manifest lists."""
    listed = {name for name in inputs if name.startswith(f"{written.rstrip('/')}/")}
    if not listed:
        return
    found = (path for path in (base / written).rglob("*") if path.suffix in {".txt", ".jsonl"} and path.is_file())
    for name in sorted(path.relative_to(base / written).as_posix() for path in found):
        if f"{written.rstrip('/')}/{name}" not in listed:
            raise Refusal("LLM504", f"{written.rstrip('/')}/{name} was added after the bundle was compiled")
