"""The folder of a run, runs/<name>/0001: what ran, what it said, how it ended.

- bundle/: the manifest and the target's files, copied before anything starts
- events.jsonl: phases, one row {"time", "event", ...} each
- metrics.jsonl: one row per logged step
- logs/attempt-1/: rank-0.out, rank-0.err, rank-0.error.json, rank-0.done.json
- prepared/: tokenised data; checkpoints/: see checkpoints.py; shards/: see inference/shards.py
- model/ or predictions.jsonl: the result
- outcome.json: how it ended

Beside the numbered folders, `latest` points at the newest run that completed.
"""

import fcntl
import json
import os
import shutil
import time
from pathlib import Path
from typing import IO, Any

import msgspec

from llmc.runtime.contract import Contract
from llmc.runtime.files import append_json, read_rows, write_atomic, write_json
from llmc.runtime.refusal import Refusal


class FailedRank(msgspec.Struct, frozen=True):
    """A rank that did not end well: the signal that killed it or its exit code, and the last lines of its error."""

    rank: int
    signal: str | None
    exit_code: int | None
    error: str


class Outcome(msgspec.Struct, frozen=True):
    """How a run ended; the content of outcome.json. `final_loss` is null where no step was logged."""

    name: str
    task: str
    bundle: str
    status: str
    exit_status: int
    reason: str
    failed: list[FailedRank]
    attempts: int
    steps: int
    final_loss: float | None
    wall_seconds: float
    versions: dict[str, str]


class Record:
    """One run's folder. Paths are absolute."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.metrics = folder / "metrics.jsonl"
        self.events = folder / "events.jsonl"
        self.checkpoints = folder / "checkpoints"
        self.prepared = folder / "prepared"
        self.model = folder / "model"
        self.predictions = folder / "predictions.jsonl"
        self.outcome_path = folder / "outcome.json"
        self._lock: IO[bytes] | None = None

    def event(self, event: str, **details: Any) -> None:
        """Append to events.jsonl; `time` is in seconds since the epoch."""
        append_json(self.events, {"time": round(time.time(), 3), "event": event, **details})

    def metric(self, row: dict[str, Any]) -> None:
        """Append a row to metrics.jsonl."""
        append_json(self.metrics, row)

    def metric_rows(self) -> list[dict[str, Any]]:
        """The rows of metrics.jsonl."""
        return read_rows(self.metrics)

    def attempts(self) -> int:
        """How often this run was started, from its events: they survive a launcher that was killed."""
        return sum(row["event"] == "started" for row in read_rows(self.events))

    def logs(self, attempt: int) -> Path:
        """The folder of what the ranks printed in one attempt, numbered from 1."""
        return self.folder / "logs" / f"attempt-{attempt}"

    def digest(self) -> str:
        """The digest of the bundle that started this run."""
        manifest = json.loads((self.folder / "bundle" / "manifest.json").read_bytes())
        return str(manifest["digest"])

    def outcome(self) -> dict[str, Any] | None:
        """The content of outcome.json, or None while the run goes on or where its launcher was killed."""
        if not self.outcome_path.exists():
            return None
        content: dict[str, Any] = json.loads(self.outcome_path.read_bytes())
        return content

    def truncate_metrics(self, step: int) -> None:
        """Forget the rows after a step, so that a resumed run writes one continuous curve."""
        rows = [row for row in read_rows(self.metrics) if row["step"] <= step]
        text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
        write_atomic(self.metrics, text.encode())

    def lock(self) -> None:
        """Hold the folder until `unlock` or the end of the process; raises Refusal LLM532 where another holds it."""
        file = (self.folder / ".lock").open("wb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise Refusal("LLM532", f"run {self.folder.name} is in use by another process") from None
        self._lock = file

    def unlock(self) -> None:
        """Let another process use the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def finish(self, outcome: Outcome) -> None:
        """Write outcome.json and, for a completed run, point `latest` at it."""
        write_json(self.outcome_path, msgspec.to_builtins(outcome))
        self.event("ended", status=outcome.status, exit_status=outcome.exit_status)
        if outcome.status == "completed":
            _point(self.folder.parent / "latest", self.folder.name)


def create(contract: Contract) -> Record:
    """Make the next numbered run folder, locked, with a copy of the bundle; raises Refusal LLM514."""
    runs = contract.path(contract.run.runs)
    try:
        runs.mkdir(parents=True, exist_ok=True)
        record = Record(_next_folder(runs))
        record.lock()
        for name in contract.files:
            copy = record.folder / "bundle" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(contract.folder.parent / name, copy)
        shutil.copyfile(contract.folder.parent / "manifest.json", record.folder / "bundle" / "manifest.json")
    except OSError as error:
        raise Refusal("LLM514", f"{contract.run.runs}: {error.strerror or error}") from None
    return record


def reopen(contract: Contract) -> Record:
    """The newest run, locked, where it can be resumed; raises Refusal LLM530, LLM531 or LLM532."""
    folders = _numbered(contract.path(contract.run.runs))
    if not folders:
        raise Refusal("LLM530", f"there is no run in {contract.run.runs}")
    record = Record(folders[-1])
    record.lock()
    if record.digest() != contract.digest:
        made = f"run {folders[-1].name} was made by bundle {record.digest()}"
        raise Refusal("LLM531", f"{made}, this is {contract.digest}")
    ended = record.outcome()
    if ended is not None and ended["status"] == "completed":
        raise Refusal("LLM530", f"run {folders[-1].name} is complete: nothing is left to resume")
    record.outcome_path.unlink(missing_ok=True)
    return record


def _numbered(runs: Path) -> list[Path]:
    folders = [path for path in runs.glob("[0-9]*") if path.name.isdigit() and path.is_dir()]
    # A run that was killed before its bundle was copied has done nothing.
    whole = [path for path in folders if (path / "bundle" / "manifest.json").is_file()]
    return sorted(whole, key=lambda path: int(path.name))


def _next_folder(runs: Path) -> Path:
    number = max((int(path.name) for path in runs.glob("[0-9]*") if path.name.isdigit()), default=0) + 1
    while True:
        folder = runs / f"{number:04}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def _point(link: Path, name: str) -> None:
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(name)
    temporary.replace(link)
