"""Which machines of a cluster take part: `include` and `exclude` are in the notation of DeepSpeed's launcher.

`NAME[:SLOT[,SLOT...]][@NAME...]`, as deepspeed 0.19.8 reads it (deepspeed/launcher/runner.py, parse_resource_filter):
a name without slots means all of them, the order is that of the hosts, and a machine with no slot left drops out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from llmc.compiler.language.sections.targets import Cluster

_PART = re.compile(r"(?P<name>[^\s:@,]+)(?::(?P<slots>\d+(?:,\d+)*))?")

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


def _named(text: str, everyone: Slots) -> Slots | None:
    """What a filter names: slots by machine, all of them where it says none. None where something is not there."""
    found: Slots = {}
    for part in text.split("@") if text else ():
        match = _PART.fullmatch(part)
        if match is None or match["name"] not in everyone:
            return None
        wanted = {int(slot) for slot in match["slots"].split(",")} if match["slots"] else set()
        if not wanted <= set(everyone[match["name"]]):
            return None
        found[match["name"]] = tuple(sorted({*found.get(match["name"], ()), *wanted}))
    return {name: slots or everyone[name] for name, slots in found.items()}


def _without(slots: Iterable[int], taken: Iterable[int]) -> tuple[int, ...]:
    gone = set(taken)
    return tuple(slot for slot in slots if slot not in gone)
