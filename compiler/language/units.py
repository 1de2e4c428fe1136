"""Units that people write."""

from __future__ import annotations

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration: str) -> int:
    """Give the seconds of a duration such as 90s, 15m, 24h or 5d, as the schemas allow it.

    >>> seconds("15m")
    900
    """
    return int(duration[:-1]) * _SECONDS[duration[-1]]
