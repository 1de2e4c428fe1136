"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong at one key of the spec.

    `path` is the dotted key, `of_key` where the key itself is wrong and not its value, `message` what is wrong there;
    `help` and `why` replace the check's general ones where this case allows to be more exact; `related` are other keys
    that take part.
    """

    path: str
    message: str
    help: str | None = None
    why: str | None = None
    related: tuple[str, ...] = ()
    of_key: bool = False
