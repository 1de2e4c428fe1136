"""Which machines of a cluster take part: `include` and `exclude` are in the notation of DeepSpeed's launcher.

`NAME[:SLOT[,SLOT...]][@NAME...]`, as deepspeed 0.19.8 reads it (deepspeed/launcher/runner.py, parse_resource_filter):
a name without slots means all of them, the order is that of the hosts, and a machine with no slot left drops out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from llmc.compiler.language.sections.targets import Cluster

_PART = re.compile(r"(?P<name>[^\s:@,]+)(?::(?P<slots>[0-9]{1,6}(?:,[0-9]{1,6})*))?")

Slots = dict[str, tuple[int, ...]]


def taking_part(cluster: Cluster) -> Slots | None:
    """Give the slots in use of each machine, by address; None where the filters are wrong, or leave nothing.

    DeepSpeed stops at what is wrong: both filters at once, an unknown machine, a slot that it has not.
    """
    everyone = {host.address: tuple(range(host.slots)) for host in cluster.hosts}
    if cluster.include and cluster.exclude:
        return None
    named = _named(cluster.include or cluster.exclude or "", everyone)
    if named is None:
        return None
    if cluster.include:
        left = {name: named[name] for name in everyone if name in named}
    else:
        left = {name: _without(slots, named.get(name, ())) for name, slots in everyone.items()}
    return {name: slots for name, slots in left.items() if slots} or None


def named_by(text: str) -> list[tuple[str, set[int]]] | None:
    """Give what a filter names: hosts, each with its slots, none meaning all. None where it cannot be read."""
    parts = [_PART.fullmatch(part) for part in text.split("@")]
    if None in parts:
        return None
    return [(part["name"], {int(slot) for slot in (part["slots"] or "").split(",") if slot}) for part in parts if part]


def _named(text: str, everyone: Slots) -> Slots | None:
    """The slots by machine, all of them where a filter says none. None where something is not there."""
    found: Slots = {}
    parts = named_by(text) if text else []
    for name, wanted in parts or ():
        if not wanted <= set(everyone.get(name, ())) or name not in everyone:
            return None
        found[name] = tuple(sorted({*found.get(name, ()), *wanted}))
    return None if parts is None else {name: slots or everyone[name] for name, slots in found.items()}


def _without(slots: Iterable[int], taken: Iterable[int]) -> tuple[int, ...]:
    gone = set(taken)
    return tuple(slot for slot in slots if slot not in gone)
