"""Several rows in one block of fixed length.

Best fit decreasing: long rows first, each into the fullest block that still takes it, so that little is padded. A row
is never cut. The rows of a block keep apart: position ids start again at each row, and transformers (5.x,
masking_utils.find_packed_sequence_indices) derives from them that no row attends to another, as long as no attention
mask is given; that holds for eager, sdpa, flex and flash attention. Padding forms a row of its own.
"""

from bisect import bisect_left
from collections.abc import Sequence


def pack(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Row numbers per block, given the rows' lengths in tokens; no length may exceed `capacity`.

    Deterministic: rows of equal length keep their order, and so do blocks.
    """
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    blocks: list[list[int]] = []
    # Blocks that still have `space` left, and the spaces in use, sorted: the next best block is one bisection away.
    by_space: dict[int, list[int]] = {}
    spaces: list[int] = []
    for row in order:
        block, space = _take(by_space, spaces, lengths[row])
        if block is None:
            block, space = len(blocks), capacity
            blocks.append([])
        blocks[block].append(row)
        _put(by_space, spaces, block, space - lengths[row])
    return blocks


def _take(by_space: dict[int, list[int]], spaces: list[int], length: int) -> tuple[int | None, int]:
    position = bisect_left(spaces, length)
    if position == len(spaces):
        return None, 0
    space = spaces[position]
    block = by_space[space].pop()
    if not by_space[space]:
        del by_space[space], spaces[position]
    return block, space


def _put(by_space: dict[int, list[int]], spaces: list[int], block: int, space: int) -> None:
    if space == 0:
        return
    if space not in by_space:
        spaces.insert(bisect_left(spaces, space), space)
        by_space[space] = []
    by_space[space].append(block)
