"""Examples of different lengths as one batch of tensors."""

from collections.abc import Sequence

import numpy as np
import torch

from llmc.runtime.data.prepare import IGNORED, Example


class Collator:
    """Pads at the right to the longest example of the batch.

    Rows get an attention mask. Packed blocks get none, since transformers keep packed rows apart only where none is
    given; their padding is a row of its own, with positions of its own and no labels. `lengths` says how many tokens
    of each example are no padding; the trainer takes it out before the model sees the batch.
    """

    def __init__(self, pad: int) -> None:
        self.pad = pad

    def __call__(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        lengths = torch.tensor([len(example["input_ids"]) for example in examples])
        width = int(lengths.max())
        batch = {
            "lengths": lengths,
            "input_ids": _stack(examples, "input_ids", width, self.pad),
            "labels": _stack(examples, "labels", width, IGNORED),
        }
        if "position_ids" in examples[0]:
            batch["position_ids"] = torch.stack([_positions(example, width) for example in examples])
        elif bool((lengths < width).any()):
            batch["attention_mask"] = (torch.arange(width) < lengths[:, None]).long()
        return batch


def _stack(examples: Sequence[Example], name: str, width: int, fill: int) -> torch.Tensor:
    rows = np.full((len(examples), width), fill, np.int64)
    for row, example in zip(rows, examples, strict=True):
        row[: len(example[name])] = example[name]
    return torch.from_numpy(rows)


def _positions(example: Example, width: int) -> torch.Tensor:
    positions = example["position_ids"]
    return torch.from_numpy(np.concatenate([positions, np.arange(width - len(positions))]))
