"""What is learned from, or answered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Split:
    """Data and the shape of its rows; `weight` is its share where it is part of a mixture."""

    path: str
    format: str
    split: str | None
    columns: dict[str, str] | None
    max_rows: int | None
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Processing:
    """A function of the user's that every row goes through first."""

    function: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What to learn from. Pre-training always packs and always learns every token."""

    train: Split | list[Split]
    eval: Split | None
    eval_fraction: float | None
    max_length: int
    processing: Processing | None
    streaming: bool
    packing: bool = True
    completion_only_loss: bool = False

    def splits(self) -> list[tuple[str, Split]]:
        """Everything that is read, by its key in the spec."""
        if isinstance(self.train, list):
            found = [(f"data.train[{index}]", part) for index, part in enumerate(self.train)]
        else:
            found = [("data.train", self.train)]
        return [*found, ("data.eval", self.eval)] if self.eval else found


@dataclass(frozen=True, slots=True)
class PromptData:
    """What to answer."""

    input: Split
    processing: Processing | None

    def splits(self) -> list[tuple[str, Split]]:
        """Everything that is read, by its key in the spec."""
        return [("data.input", self.input)]
