"""Which checkpoints count, which is resumed from, and which are deleted.

A checkpoint is a folder `step-<n>` that holds `complete.json`, written after every rank has written its part: the
sizes of all its files, and what a continued curve needs besides weights and optimiser. Without that file, or with
one file of another size, the folder does not count.
"""

import re
import shutil
from pathlib import Path

import msgspec

from llmc.runtime.files import write_json

MARKER = "complete.json"


class Marker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of complete.json.

    `tokens` counts those of all ranks since step 0 and `elapsed` the seconds of training; `loss_sum` is the loss of the
    steps after `logged_step`, summed, which the next logged row still has to tell. `files` maps names to bytes.
    """

    step: int
    parameters: int
    tokens: int
    elapsed: float
    loss_sum: float
    logged_step: int
    files: dict[str, int]


def folder(checkpoints: Path, step: int) -> Path:
    """Where the checkpoint of a step is written."""
    return checkpoints / f"step-{step}"


def sizes(checkpoint: Path) -> dict[str, int]:
    """Every file of a checkpoint but the marker, with its size in bytes."""
    files = (path for path in checkpoint.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(checkpoint)): path.stat().st_size for path in sorted(files) if path.name != MARKER}


def complete(checkpoint: Path, marker: Marker) -> None:
    """Declare a checkpoint complete; call it once, after all ranks have written."""
    write_json(checkpoint / MARKER, msgspec.to_builtins(marker))


def read_marker(checkpoint: Path) -> Marker:
    """The marker of a checkpoint; raises OSError or msgspec.DecodeError where there is none."""
    return msgspec.json.decode((checkpoint / MARKER).read_bytes(), type=Marker)


def problem(checkpoint: Path) -> str | None:
    """Why a checkpoint does not count, or None where it does."""
    try:
        marker = read_marker(checkpoint)
    except (OSError, msgspec.DecodeError):
        return "it was never completed"
    found = sizes(checkpoint)
    for name, size in marker.files.items():
        if name not in found:
            return f"{name} is missing"
        if found[name] != size:
            return f"{name} has {found[name]} bytes instead of {size}"
    return None


def newest(checkpoints: Path) -> tuple[Path | None, list[str]]:
    """The newest checkpoint that counts, if any, and a sentence about each newer one that was passed over."""
    skipped: list[str] = []
    for checkpoint in reversed(_all(checkpoints)):
        reason = problem(checkpoint)
        if reason is None:
            return checkpoint, skipped
        skipped.append(f"checkpoint {checkpoint.name} is not used: {reason}")
    return None, skipped


def prune(checkpoints: Path, keep: int) -> None:
    """Delete all but the newest `keep` complete checkpoints, and incomplete ones older than those."""
    counted = 0
    for checkpoint in reversed(_all(checkpoints)):
        if counted >= keep:
            _delete(checkpoint)
        elif problem(checkpoint) is None:
            counted += 1


def _all(checkpoints: Path) -> list[Path]:
    found = [path for path in checkpoints.glob("step-*") if re.fullmatch(r"step-\d+", path.name)]
    return sorted(found, key=lambda path: int(path.name.removeprefix("step-")))


def _delete(checkpoint: Path) -> None:
    # The marker goes first: killed in between, what is left does not count.
    (checkpoint / MARKER).unlink(missing_ok=True)
    shutil.rmtree(checkpoint)
