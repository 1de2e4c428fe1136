"""How many parameters a model of an architecture that llmc does not know has: transformers build it, without weights.

That happens in a process of its own, and only where torch and transformers are installed beside llmc. The answer is
kept in the user's cache folder, by the config's digest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from llmc.compiler.bundle.render import compact_digest
from llmc.compiler.bundle.writer import write_atomically
from llmc.compiler.facts.architectures import describe

LIMIT = 120.0  # seconds; the libraries take four to load, on a busy machine twenty
NEEDED = ("torch", "transformers")
# -P: a file `transformers.py` where the command is called is not the library.
COMMAND = (sys.executable, "-P", "-m", "llmc.runtime.counting")


def completed(entry: Mapping[str, Any], earlier: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Give a model's entry of the lock, with a number that transformers know where neither files nor llmc do.

    What the `earlier` lock says of the same config stays where nobody can be asked now, so that a lock does not depend
    on who makes it.
    """
    config, number = entry["config"], entry["parameters"]
    if config is None or number["total"] is not None or describe(config) is not None:
        return entry
    total, origin = built(config)
    if total is None and earlier and earlier["config"] == config and earlier["parameters"]["total"] is not None:
        return {**entry, "parameters": earlier["parameters"]}
    return {
        **entry,
        "parameters": {"total": total, "from": origin if total is not None else f"{number['from']}; {origin}"},
    }


def built(
    config: Mapping[str, Any], *, command: Sequence[str] = COMMAND, limit: float = LIMIT
) -> tuple[int | None, str]:
    """Give the number of parameters and by what it was counted, or None and why."""
    if "auto_map" in config:
        return None, "it brings code of its own, which is never run here"
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        return None, f"not installed here: {' and '.join(missing)}, which could build it"
    kept = _cache_folder() / version("transformers") / f"{compact_digest(dict(config)).removeprefix('sha256:')}.json"
    answer = _read(kept)
    if answer is None:
        answer = _ask(config, command, limit)
        if "total" in answer:
            _keep(kept, answer)
    if "total" not in answer:
        return None, f"transformers cannot build it: {answer['why']}"
    return answer["total"], f"{answer['by']}, built without weights"


def _ask(config: Mapping[str, Any], command: Sequence[str], limit: float) -> dict[str, Any]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    question = json.dumps(config).encode()
    try:
        done = subprocess.run(command, input=question, capture_output=True, timeout=limit, env=environment, check=False)
    except subprocess.TimeoutExpired:
        return {"why": f"it took longer than {limit:.0f} s"}
    lines = done.stdout.decode(errors="replace").splitlines() or [""]
    answer = _answer(lines[-1])
    return answer or {"why": f"the process that was to build it ended with status {done.returncode}"}


def _answer(text: str) -> dict[str, Any] | None:
    """Read an answer; None for anything that is none."""
    try:
        answer = json.loads(text)
    except ValueError:
        return None
    if not isinstance(answer, dict):
        return None
    counted = type(answer.get("total")) is int and answer["total"] > 0 and isinstance(answer.get("by"), str)
    return answer if counted or isinstance(answer.get("why"), str) else None


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "llmc" / "parameters"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        answer = _answer(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return answer if answer and "total" in answer else None


def _keep(path: Path, answer: Mapping[str, Any]) -> None:
    try:
        write_atomically(path, json.dumps(answer).encode())
    except OSError:
        return  # a cache that cannot be written is asked again next time
