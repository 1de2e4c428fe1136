"""What is taken beside tensors: the allocator's unused pieces, CUDA's own context, the communication library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmc.compiler.analysis.memory.term import Term
from llmc.compiler.analysis.workload import Workload

GIB = 2**30


def terms(work: Workload, phases: Mapping[str, int], fitted: Mapping[str, Any]) -> Iterator[Term]:
    """Give the overheads that belong to the count that is asked for; `phases` are the bytes of the tensors in each."""
    if work.machine.kind == "cpu" or work.asked == "allocated":
        return
    for phase, size in phases.items():
        yield allocator(phase, size, fitted["allocator"])
    if work.asked == "device":
        yield context(tuple(phases), fitted["context_gib"])
        if work.ranks.world > 1:
            yield communication(tuple(phases), fitted["distributed_gib"])


def allocator(phase: str, size: int, share: float) -> Term:
    """What torch has reserved and no tensor uses: pieces between tensors that nothing fits into.

    torch's caching allocator splits blocks and does not move them (docs/source/notes/cuda.rst, memory management). The
    share is fitted: `schemas/catalog/calibration.json`.
    """
    return Term("allocator", round(size * share), (phase,), (), "fitted share of the tensors")


def context(phases: tuple[str, ...], gib: float) -> Term:
    """CUDA's context with its kernels, and the libraries' workspaces.

    0.47 GiB where kernels are loaded lazily to 0.92 where not, on an A100 (ml-engineering, 744d01e,
    training/performance/README.md); what is used here is fitted.
    """
    return Term("context", round(gib * GIB), phases, (), "fitted")


def communication(phases: tuple[str, ...], gib: float) -> Term:
    """NCCL's buffers and channels: 1 to 2 GiB after the first barrier, on an H100 (the same source); fitted."""
    return Term("communication", round(gib * GIB), phases, (), "fitted")
