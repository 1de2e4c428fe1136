"""Which known word a misspelt one means, and whether that is certain enough to correct it without asking."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_SHORTEST = 4


def closest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that looks most like another one; None where none does. A guess, for a person to judge."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def is_slip(word: str, meant: str, known: Iterable[str]) -> bool:
    """Whether `word` is `meant` with one slip of the finger, and no other known word is as near.

    >>> is_slip("learning_rte", "learning_rate", []), is_slip("learningRate", "learning_rate", [])
    (True, True)
    >>> is_slip("top_k", "top_p", []), is_slip("min_length", "max_length", []), is_slip("beta1", "betas", [])
    (False, False, False)
    """
    return _one_slip(word, meant) and not any(_one_slip(word, other) for other in known if other != meant)


def _one_slip(word: str, meant: str) -> bool:
    if _letters(word) == _letters(meant):
        return True
    ours, theirs = re.split("[_-]", word), re.split("[_-]", meant)
    different = [pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]]
    if len(ours) != len(theirs) or len(different) != 1:
        return False
    # One letter makes another word of a short one, or of one with a number: top_p and top_k, beta1 and beta2.
    one, other = different[0]
    long = max(len(one), len(other)) >= _SHORTEST
    return long and (one + other).isalpha() and _one_edit(one, other)


def _letters(word: str) -> str:
    return re.sub("[_-]", "", word).lower()


def _one_edit(one: str, other: str) -> bool:
    """Whether one letter was added, left out or replaced, or two neighbours changed places."""
    short, long = sorted((one, other), key=len)
    if len(long) > len(short):
        return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
    wrong = [at for at in range(len(one)) if one[at] != other[at]]
    if len(wrong) == 2:
        first, second = wrong
        return second == first + 1 and one[first] == other[second] and one[second] == other[first]
    return len(wrong) == 1
