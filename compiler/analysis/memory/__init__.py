"""How much memory a job takes, before it runs: one entry, `forecast`.

    Workload ─ states, buffers, activations, ... ─► Terms ─ summed by phase ─► a peak with an interval ─► a verdict

A term is a formula with a source; only scalars are fitted (`schemas/catalog/calibration.json`): how much of each
engine's moving parts is really there, what the allocator leaves unused, what CUDA and NCCL take, and how wide the
interval must be to hold what was published. `benchmarks/forecast` fits them and measures the result against others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from llmc import schemas
from llmc.compiler.analysis.memory import (
    activations,
    adapters,
    buffers,
    disk,
    host,
    inference,
    logits,
    overhead,
    states,
)
from llmc.compiler.analysis.memory.term import DEVICE, DISK, HOST, NVME, Term
from llmc.compiler.analysis.workload import Workload

Verdict = Literal["fits", "tight", "refused", "unknown"]

_SERIOUS: dict[Verdict, int] = {"fits": 0, "unknown": 1, "tight": 2, "refused": 3}


@dataclass(frozen=True, slots=True)
class Interval:
    """What is expected, and between what bounds, in bytes."""

    low: int
    expected: int
    high: int


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of memory: its fullest phase, and whether there is enough. `limit` is None where it is not known."""

    where: str
    phase: str
    need: Interval
    limit: int | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class MemoryForecast:
    """Term by term, what a rank's accelerator and a node hold, and the verdict on all of it."""

    terms: tuple[Term, ...]
    resources: dict[str, Resource]

    @property
    def verdict(self) -> Verdict:
        """The worst of all."""
        return max((resource.verdict for resource in self.resources.values()), key=_SERIOUS.__getitem__)

    @property
    def device(self) -> Resource:
        """The accelerator of one rank."""
        return self.resources[DEVICE]

    def phases(self, where: str = DEVICE) -> dict[str, int]:
        """The bytes that are expected in each phase."""
        return by_phase(term for term in self.terms if term.where == where)


def forecast(work: Workload, fitted: Mapping[str, Any] | None = None) -> MemoryForecast:
    """Forecast a job's memory. `fitted` are other constants than the shipped ones, for fitting them."""
    fitted = fitted or schemas.load("catalog/calibration.json")["memory"]
    tensors = tuple(_tensors(work, fitted))
    around = overhead.terms(work, by_phase(tensors), fitted)
    everything = (*tensors, *around, *host.terms(work), *disk.terms(work))
    return MemoryForecast(everything, _resources(work, everything, fitted))


def by_phase(terms: Iterable[Term]) -> dict[str, int]:
    """Sum the terms of each phase."""
    sums: dict[str, int] = {}
    for term in terms:
        for phase in term.phases:
            sums[phase] = sums.get(phase, 0) + term.bytes
    return sums


def _tensors(work: Workload, fitted: Mapping[str, Any]) -> Iterable[Term]:
    """What tensors take; what an engine moves about is scaled by what was fitted for it."""
    if work.task == "infer":
        yield from inference.terms(work)
        return
    yield from states.terms(work)
    yield from adapters.terms(work)
    factor = fitted["moving"][work.sharding.engine]
    for term in (*buffers.terms(work), *activations.terms(work), *logits.terms(work)):
        yield replace(term, bytes=round(term.bytes * factor))


def family(work: Workload) -> str:
    """Give the name of the interval that fits a job: what was published of its kind spreads alike."""
    if work.task == "infer":
        return "inference"
    return "none" if work.sharding.engine == "ddp" else work.sharding.engine


def _resources(work: Workload, terms: tuple[Term, ...], fitted: Mapping[str, Any]) -> dict[str, Resource]:
    spread = fitted["interval"]
    limits = {DEVICE: work.machine.usable, HOST: work.machine.host, NVME: work.machine.nvme, DISK: None}
    sums = {where: by_phase(term for term in terms if term.where == where) for where in limits}
    if work.machine.kind == "cpu":
        sums[HOST] = _on_host(work, sums)
    names = {DEVICE: family(work), HOST: "host", NVME: "exact", DISK: "exact"}
    return {
        where: _resource(where, phases, spread[names[where]], limits[where]) for where, phases in sums.items() if phases
    }


def _on_host(work: Workload, sums: dict[str, dict[str, int]]) -> dict[str, int]:
    """Where the processor computes, the ranks' memory is the node's."""
    device, held = sums.pop(DEVICE), sums[HOST]
    return {phase: device.get(phase, 0) * work.ranks.per_node + held.get(phase, 0) for phase in (*held, *device)}


def _resource(where: str, phases: Mapping[str, int], spread: Mapping[str, float], limit: int | None) -> Resource:
    phase = max(phases, key=phases.__getitem__)
    expected = phases[phase]
    need = Interval(round(expected * spread["low"]), expected, round(expected * spread["high"]))
    return Resource(where, phase, need, limit, _verdict(need, limit))


def _verdict(need: Interval, limit: int | None) -> Verdict:
    if limit is None:
        return "unknown"
    return "refused" if need.low > limit else "tight" if need.high > limit else "fits"
