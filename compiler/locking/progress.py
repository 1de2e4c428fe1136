"""Says on the error stream how far a long step is, with its rate and the time left; short steps say nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_FIRST = 2.0  # seconds until a step counts as long
_TERMINAL, _LOG = 0.2, 10.0  # seconds between two lines

Tick = Callable[[int], None]


class Progress:
    """Where progress is told; None tells nobody."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream

    @contextmanager
    def of(self, what: str, total: int) -> Iterator[Tick]:
        """Follow a step of `total` bytes; call what it gives with the bytes that are done."""
        step = _Step(what, total, self.stream)
        try:
            yield step.tick
        finally:
            step.end()


class _Step:
    def __init__(self, what: str, total: int, stream: TextIO | None) -> None:
        self.what, self.total, self.stream = what, total, stream
        self.done = 0
        self.began = time.monotonic()
        self.next = self.began + _FIRST
        self.terminal = stream is not None and stream.isatty()
        self.told = False

    def tick(self, count: int) -> None:
        self.done += count
        now = time.monotonic()
        if self.stream is None or now < self.next:
            return
        self.next = now + (_TERMINAL if self.terminal else _LOG)
        self.told = True
        line = f"{self.what}: {told(self.done, self.total, now - self.began)}"
        self.stream.write(f"\r\x1b[K{line}" if self.terminal else f"{line}\n")
        self.stream.flush()

    def end(self) -> None:
        if self.stream is not None and self.told and self.terminal:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


def told(done: int, total: int, seconds: float) -> str:
    """Tell how far a step is.

    >>> told(30_000_000, 120_000_000, 10)
    '30 of 120 MB, 3.0 MB/s, 30 s left'
    """
    rate = done / max(seconds, 1e-9)
    left = max(total - done, 0) / max(rate, 1e-9)
    time_left = f"{left:.0f} s" if left < 100 else f"{left / 60:.0f} min"
    return f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB, {rate / 1e6:,.1f} MB/s, {time_left} left"
