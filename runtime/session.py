"""What a rank knows about the attempt it is part of."""

from pathlib import Path
from typing import Any

from llmc.runtime.record import Record


class Session:
    """One rank's part in one attempt; `checkpoint` is where a resumed run continues, chosen once for all ranks."""

    def __init__(self, record: Record, rank: int, ranks: int, checkpoint: Path | None) -> None:
        self.record = record
        self.rank = rank
        self.ranks = ranks
        self.checkpoint = checkpoint

    def say(self, event: str, **details: Any) -> None:
        """Tell a phase once, not once per rank."""
        if self.rank == 0:
            self.record.event(event, **details)
