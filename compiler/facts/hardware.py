"""The accelerators and the instance types that are known: memory, speed, links, prices.

Figures are data with a source each, in schemas/catalog; one that nobody could be found to state is None, never a guess.
A file is read when something in it is first asked for, and once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from llmc import schemas


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One GPU or other device that a rank computes on; `cpu` is one as well, whose memory is the host's."""

    id: str
    """What a spec says, such as a100-80gb."""
    name: str
    kind: str
    """cuda, neuron or cpu."""
    capability: tuple[int, int] | None
    """CUDA's compute capability."""
    bf16: bool | None
    """Whether bf16 is computed in hardware. torch calls a T4 capable, and emulates (DJ075)."""
    memory_gb: float | None
    """As sold."""
    usable_gib: float | None
    """What torch can see of it, before CUDA's own context."""
    memory_gb_per_s: float | None
    """Peak bandwidth of its own memory, in 10^9 bytes."""
    bf16_tflops: float | None
    """Peak of dense matrix products, without sparsity."""
    fp16_tflops: float | None
    mamf_tflops: float | None
    """The most that any matrix product was measured to reach in bf16."""
    link: str | None
    link_gb_per_s: float | None
    """To its peers in the machine, one direction; None where they talk over the host's bus."""
    host_gb_per_s: float | None
    """To the host's memory, one direction."""
    note: str | None = None

    @property
    def peer_gb_per_s(self) -> float | None:
        """One direction to a peer in the same machine, whichever way it goes."""
        return self.link_gb_per_s or self.host_gb_per_s


@dataclass(frozen=True, slots=True)
class Price:
    """What an hour of an instance costs on demand, in US dollars, and how old the figure is."""

    usd_per_hour: float
    what: str
    region: str
    date: str
    source: str


@dataclass(frozen=True, slots=True)
class Instance:
    """A SageMaker instance type."""

    name: str
    accelerator: str
    """The id of its accelerators; `cpu` where it has none."""
    count: int
    """How many of them: 1 where the processor is the accelerator."""
    vcpus: int | None
    memory_mib: int | None
    nvme_gb: int | None
    """Local disks, in 10^9 bytes; 0 where there are none."""
    network_gbps: float | None
    """Sustained, in 10^9 bits; a type sold as `up to` can burst above it."""
    efa_interfaces: int | None
    arch: str | None
    uses: tuple[str, ...]
    """What the API takes it for: cluster (HyperPod), hosting, processing, training, transform."""
    prices: dict[str, Price]
    """By price list; a list that has no figure for it is left out."""

    @property
    def network_gbps_per_accelerator(self) -> float | None:
        """Its share of the network when all send at once."""
        return None if self.network_gbps is None else self.network_gbps / self.count


@dataclass(frozen=True, slots=True)
class Range:
    """The lowest and the highest that was measured, in GiB."""

    low: float
    high: float


@cache
def accelerator(name: str) -> Accelerator | None:
    """Give the accelerator of an id; None for one that is not known."""
    row = _table("accelerators").get(name)
    if row is None:
        return None
    figures = {key: value for key, value in row.items() if key not in ("capability", "sources")}
    return Accelerator(id=name, capability=row["capability"] and capability(row["capability"]), **figures)


@cache
def instance(name: str) -> Instance | None:
    """Give the instance type of a name such as ml.p4d.24xlarge; None for one that is not known."""
    row = _table("instances").get(name)
    if row is None:
        return None
    left_out = ("accelerator_mib", "sources", "usd_per_hour", "uses")
    figures = {key: value for key, value in row.items() if key not in left_out}
    return Instance(name=name, uses=tuple(row["uses"]), prices=_prices(row["usd_per_hour"]), **figures)


def accelerator_ids() -> list[str]:
    """Every id, in the catalogue's order: older before newer."""
    return list(_table("accelerators"))


def instance_names() -> list[str]:
    """Every instance type, those with accelerators first."""
    return list(_table("instances"))


def price_lists() -> dict[str, dict[str, Any]]:
    """The lists that prices come from: what is sold, where, and of which date."""
    lists: dict[str, dict[str, Any]] = schemas.load("catalog/instances.json")["price_lists"]
    return lists


@cache
def overhead(name: str) -> Range:
    """Memory of an accelerator that no tensor can have: `cuda_context_gib` or `torch_distributed_gib`."""
    row = schemas.load("catalog/accelerators.json")["overheads"][name]
    return Range(row["low"], row["high"])


def capability(text: str) -> tuple[int, int]:
    """Read a compute capability so that it compares as a number does.

    >>> capability("10.0") > capability("8.6")
    True
    """
    major, minor = text.split(".")
    return int(major), int(minor)


def _prices(figures: dict[str, float | None]) -> dict[str, Price]:
    lists = price_lists()
    return {
        name: Price(usd, *(lists[name][key] for key in ("what", "region", "date", "source")))
        for name, usd in figures.items()
        if usd is not None
    }


def _table(kind: str) -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = schemas.load(f"catalog/{kind}.json")[kind]
    return table
