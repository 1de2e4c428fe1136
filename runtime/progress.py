"""What a person sees while a run goes on: phases, steps, rate and time left."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import msgspec

from llmc.runtime.record import Outcome, Record
from llmc.runtime.refusal import Refusal

SECONDS = 5.0  # between two lines where the output is no terminal


class Tail:
    """The rows that are appended to a .jsonl file from now on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.position = path.stat().st_size if path.exists() else 0

    def rows(self) -> Iterator[dict[str, Any]]:
        """The complete rows since the last call."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self.position)
            whole, newline, _ = file.read().rpartition(b"\n")
        self.position += len(whole) + len(newline)
        for line in whole.splitlines():
            yield msgspec.json.decode(line)


class Printer:
    """Prints lines that stay, and on a terminal one line that is renewed in place."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.live = stream.isatty()
        self.open = False
        self.printed = -SECONDS

    def line(self, text: str) -> None:
        """Print a line that stays."""
        self._write(("\r\x1b[K" if self.open else "") + text + "\n")
        self.open = False

    def status(self, text: str, force: bool = False) -> None:
        """Renew the status; elsewhere than on a terminal at most every few seconds."""
        if self.live:
            self._write("\r\x1b[K" + text)
            self.open = True
        elif force or time.monotonic() - self.printed >= SECONDS:
            self.printed = time.monotonic()
            self._write(text + "\n")

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()


class Follower:
    """A thread that tells what events.jsonl and metrics.jsonl say, for as long as the `with` block lasts."""

    def __init__(self, record: Record, printer: Printer) -> None:
        self.printer = printer
        self.events = Tail(record.events)
        self.metrics = Tail(record.metrics)
        self.total = 0
        self.first_row: dict[str, Any] | None = None  # of this attempt: what the rate is measured from
        self.last: dict[str, Any] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> "Follower":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._tell()
        if self.last is not None:
            self.printer.status(self._status(self.last), force=True)

    def _follow(self) -> None:
        while not self._stop.wait(0.5):
            self._tell()

    def _tell(self) -> None:
        for event in self.events.rows():
            self._event(event)
        for row in self.metrics.rows():
            self._metric(row)

    def _event(self, event: dict[str, Any]) -> None:
        if "total_steps" in event:
            self.total = event["total_steps"]
        text = phrase(event)
        if text:
            self.printer.line(text)

    def _metric(self, row: dict[str, Any]) -> None:
        if "eval_loss" in row:
            self.printer.line(f"step {row['step']}: eval_loss {row['eval_loss']:.4f}")
        else:
            self.first_row = self.first_row or row
            self.last = row
            self.printer.status(self._status(row))

    def _status(self, row: dict[str, Any]) -> str:
        parts = [f"step {row['step']}/{self.total}"]
        if "loss" in row:
            parts.append(f"loss {row['loss']:.4f}")
        parts.append(f"{row['tokens_per_second']:,.0f} tokens/s")
        parts.append(f"{duration(row['elapsed'])} elapsed")
        first = self.first_row or row
        if first["step"] < row["step"] < self.total:
            rate = (row["elapsed"] - first["elapsed"]) / (row["step"] - first["step"])
            parts.append(f"{duration(rate * (self.total - row['step']))} left")
        return " · ".join(parts)


def duration(seconds: float) -> str:
    """Seconds as people say them: `7s`, `3m05s`, `2h10m`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"


def phrase(event: dict[str, Any]) -> str:
    """The sentence for an event, or nothing for those that people need not read."""
    match event:
        case {"event": "prepared data"}:
            return _data(event)
        case {"event": "training" | "generating"}:
            again = f", resuming after step {event['step']}" if event["step"] else ""
            return f"{event['event']}: {event['total_steps']} steps{again}"
        case {"event": "checkpoint" | "started" | "ended"}:
            return ""
    return f"{event['event']} …"


def _data(event: dict[str, Any]) -> str:
    """What became of the data; whatever was cut, left out or repeated is said."""
    text = f"{event['data']} data: {event['rows']:,} rows, {event['tokens']:,} tokens, {event['examples']:,} examples"
    notes = {
        "truncated": "rows cut at max_length",
        "dropped": "rows left out, which have nothing to learn within max_length",
        "unused": "tokens left out at the end, which fill no block",
        "repeated": "examples of an epoch's beginning repeated at its end, to fill the last batch",
    }
    return text + "".join(f"; {event[name]:,} {note}" for name, note in notes.items() if event[name])


def terminal() -> Printer:
    """The printer of this process: stderr, so that stdout stays free for results."""
    return Printer(sys.stderr)


def ending(outcome: Outcome, record: Record, target: str, shown: str) -> str:
    """The last words about a run: where its result is, or what failed and where to read on, and what to do next.

    `target` is the bundle's folder as the user named it, `shown` the run folder as seen from here.
    """
    again = f"python -m llmc.runtime run {target} --resume"
    if outcome.status == "completed":
        return _completed(outcome, record, shown)
    if outcome.status == "interrupted":
        return f"{outcome.reason} after step {outcome.steps}; continue with: {again}"
    first = outcome.failed[0]
    if first.error.startswith("error["):
        return first.error
    log = f"{shown}/logs/attempt-{outcome.attempts}/rank-{first.rank}.err"
    hint = "\n  = note: a SIGKILL that nobody sent is most often the system out of memory" * (first.signal == "SIGKILL")
    refusal = Refusal("LLM540", outcome.reason, help=f"see {log}; once the cause is gone, continue with: {again}")
    # A rank that was killed could say nothing about it: the last lines of its log would mislead.
    return f"{refusal}{hint}" if first.signal == "SIGKILL" or not first.error else f"{first.error}\n{refusal}{hint}"


def _completed(outcome: Outcome, record: Record, shown: str) -> str:
    took = duration(outcome.wall_seconds)
    if outcome.task == "infer":
        return f"completed in {took}: {shown}/{record.predictions.name}"
    loss = "" if outcome.final_loss is None else f", final loss {outcome.final_loss:.4f}"
    latest = f"{shown.rpartition('/')[0]}/latest/{record.model.name}"
    done = f"completed in {took}: {outcome.steps} steps{loss}; the result is in {shown}/{record.model.name}"
    return f"{done}\nto generate with it, name {latest} in a spec of task infer"
