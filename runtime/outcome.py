"""How a run ended, read off what its ranks left behind."""

import json
import signal
from pathlib import Path
from typing import Any

from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from llmc.runtime.record import FailedRank, Record

LAST_LINES = 15
# What the other ranks say when one of them went away: the echo of a failure, not its cause.
ECHOES = ("Connection closed by peer", "Connection reset by peer", "gloo/transport", "NCCL", "Broken pipe", "TCPStore")


def failed_ranks(error: ChildFailedError, logs: Path) -> list[FailedRank]:
    """The ranks that failed by themselves, the cause first.

    A rank killed by a signal takes others down with it, so it comes before those that ended with an exception, and
    exceptions about a lost connection come last. Ranks that the agent ended with SIGTERM did not fail, unless every
    one got SIGTERM: then the one that the agent saw first is the cause.
    """
    failures = list(error.failures.items())
    own = [(rank, failure) for rank, failure in failures if failure.exitcode != -signal.SIGTERM] or failures[:1]
    ranks = [(_order(failure), _failed(rank, failure, logs)) for rank, failure in own]
    return [failed for _, failed in sorted(ranks, key=lambda pair: (pair[0], pair[1].rank))]


def unfinished_ranks(logs: Path, processes: int) -> list[FailedRank]:
    """The ranks without a success marker though their processes ended with status 0: an exit status proves nothing."""
    text = "the process ended with status 0 before its work was done"
    missing = [rank for rank in range(processes) if not _done(logs, rank).exists()]
    return [FailedRank(rank, None, 0, text) for rank in missing]


def exit_status(failed: FailedRank) -> int:
    """A shell's view of a failed rank: its exit code, or 128 plus the signal; 1 where it ended with 0 too early."""
    if failed.signal is not None:
        return 128 + signal.Signals[failed.signal]
    return failed.exit_code or 1


def describe(failed: FailedRank) -> str:
    """One sentence about a failed rank."""
    if failed.signal is not None:
        return f"rank {failed.rank} was killed by {failed.signal}"
    if not failed.exit_code:
        return f"rank {failed.rank} ended before its work was done"
    return f"rank {failed.rank} failed with exit code {failed.exit_code}"


def results(record: Record, logs: Path) -> dict[str, Any]:
    """`steps` as the first rank reported them, or as far as metrics.jsonl goes, and the `final_loss` logged."""
    rows = record.metric_rows()
    losses = [row["loss"] for row in rows if "loss" in row]
    steps = rows[-1]["step"] if rows else 0
    if _done(logs, 0).exists():
        steps = json.loads(_done(logs, 0).read_bytes())["steps"]
    return {"steps": steps, "final_loss": losses[-1] if losses else None}


def _done(logs: Path, rank: int) -> Path:
    return logs / f"rank-{rank}.done.json"


def _order(failure: ProcessFailure) -> tuple[int, int]:
    echo = any(word in _message(failure) for word in ECHOES)
    return 0 if failure.exitcode < 0 else 2 if echo else 1, failure.timestamp


def _failed(rank: int, failure: ProcessFailure, logs: Path) -> FailedRank:
    if failure.exitcode < 0:
        text = _tail(logs / f"rank-{rank}.err")
        return FailedRank(rank, signal.Signals(-failure.exitcode).name, None, text)
    message = _message(failure)
    text = message.removeprefix("Refusal: ") if message.startswith("Refusal: ") else _traceback(failure, logs, rank)
    return FailedRank(rank, None, failure.exitcode, text)


def _message(failure: ProcessFailure) -> str:
    message = failure.error_file_data["message"]
    return str(message["message"] if isinstance(message, dict) else message)


def _traceback(failure: ProcessFailure, logs: Path, rank: int) -> str:
    message = failure.error_file_data["message"]
    if isinstance(message, dict):
        return _last_lines(str(message["extraInfo"]["py_callstack"]))
    return _tail(logs / f"rank-{rank}.err")


def _tail(path: Path) -> str:
    return _last_lines(path.read_text(encoding="utf-8", errors="replace")) if path.exists() else ""


def _last_lines(text: str) -> str:
    return "\n".join(text.rstrip().splitlines()[-LAST_LINES:])
