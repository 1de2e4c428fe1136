"""Everything that memory and time depend on, as plain numbers: what the forecasts read, and all that they read.

Two things make a Workload: an experiment with the values of its deepspeed.json (`workload_of.py`), and a row of a
published measurement (`benchmarks/forecast`). So what is measured against the world is what answers a spec.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Device = Literal["none", "cpu", "nvme"]


@dataclass(frozen=True, slots=True)
class Shape:
    """The measures of a model; names are transformers'."""

    family: str
    """config.json's model_type."""
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocab: int
    gated: bool = True
    """Whether the feed-forward layers have a gate, so three matrices."""
    experts: int = 0
    active_experts: int = 0
    tied: bool = False

    @property
    def query(self) -> int:
        """Values that all heads ask with, per token."""
        return self.heads * self.head_dim

    @property
    def kv(self) -> int:
        """Keys, or values, per token."""
        return self.kv_heads * self.head_dim


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of weights. `trainable` may lie outside of `total`, as adapters do: `total` is the model's alone."""

    total: int
    trainable: int
    embedding: int
    """Of the tables of tokens, first and last; a tied one counts once."""
    table: int
    """Of the larger of these tables alone."""
    layer: int
    """Of one whole layer, experts included."""
    adapter: int = 0
    """Of adapters, all of them trainable."""
    quantised: int = 0
    """Of those in `total`, the ones that are held in few bits."""
    experts: int = 0
    """Of those in `total`, the ones that belong to experts."""

    @property
    def frozen(self) -> int:
        """Weights of the model that no gradient is computed for."""
        return self.total - (self.trainable - self.adapter)


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes for each weight, of everything that is held for it."""

    frozen: float = 2
    trained: float = 2
    adapter: float = 2
    quantised: float = 2
    gradient: float = 2
    master: float = 4
    """Of the copy in fp32 that the optimizer changes; 0 where it changes the weights themselves."""
    moments: float = 8
    update: float = 6
    """Of what an update needs for a moment: DeepSpeed's flat gradients and their copy in fp32."""
    compute: float = 2
    """Of a value while it is computed with."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """How the ranks share the work; the product of the degrees is their number."""

    data: int = 1
    tensor: int = 1
    sequence: int = 1
    expert: int = 1
    pipeline: int = 1
    per_node: int = 1
    nodes: int = 1

    @property
    def world(self) -> int:
        """All ranks."""
        return self.data * self.tensor * self.sequence * self.pipeline

    @property
    def shards(self) -> int:
        """Ranks that ZeRO spreads states over: those of one sequence hold the same weights, so they share too."""
        return self.data * self.sequence


@dataclass(frozen=True, slots=True)
class Sharding:
    """What spreads states over ranks, by the names of DeepSpeed's configuration; sizes are in elements."""

    engine: Literal["deepspeed", "fsdp", "ddp", "none"] = "none"
    stage: int = 0
    offload_optimizer: Device = "none"
    offload_param: Device = "none"
    pin_memory: bool = True
    reduce_bucket: int = 500_000_000
    allgather_bucket: int = 500_000_000
    prefetch_bucket: int = 50_000_000
    max_live: int = 1_000_000_000
    max_reuse: int = 1_000_000_000
    persistence: int = 100_000
    sub_group: int = 1_000_000_000
    overlap: bool = False
    communication: float = 2
    """Bytes of an element while gradients travel."""
    swap_buffers: int = 500_000_000
    """Elements that a rank pins on the host to move states to NVMe and back."""
    gathers_everything: bool = False
    """FSDP that never frees frozen weights between layers."""

    @property
    def weights_are_spread(self) -> bool:
        """Whether each rank holds its part of the weights alone."""
        return self.stage == 3 and self.engine in ("deepspeed", "fsdp")


@dataclass(frozen=True, slots=True)
class Batch:
    """What one rank takes at once."""

    micro: int = 1
    sequence: int = 0
    """Tokens of a sequence, padding included."""
    accumulation: int = 1
    copies: int = 1
    """Sequences for each row: 2 where preferences are compared."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Bytes that autograd keeps for each token of one layer, until the backward pass has used them."""

    attention: float = 0
    """Of attention, norms and residuals."""
    ffn: float = 0
    """Of the feed-forward part, all active experts together."""
    adapter: float = 0
    """Of adapters beside them."""
    scores: float = 0
    """And of each pair of a head and a token that it looks at: eager attention keeps all of them."""


@dataclass(frozen=True, slots=True)
class Recompute:
    """How much of the activations is kept, and how attention and loss are computed."""

    checkpointing: Literal["none", "full", "selective"] = "none"
    offload: bool = False
    loss: float = 12
    """Bytes for each token and word while the loss is computed; 0 where it is fused with the last layer."""
    tiled_mlp: bool = False
    compiled: bool = False


@dataclass(frozen=True, slots=True)
class Generation:
    """What is generated at once, in sequences and tokens."""

    batch: int = 1
    prompt: int = 0
    new_tokens: int = 0
    room: int = 0
    """Tokens that there is room for from the start; 0 where the cache grows."""
    cache_bytes: float = 2
    cache_offload: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """What a rank and a node have, in bytes; None where it is not known."""

    accelerator: str = ""
    kind: str = "cuda"
    """Or neuron, or cpu: there the accelerator's memory is the host's."""
    usable: int | None = None
    host: int | None = None
    nvme: int | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """What is read and written."""

    kept: int = 0
    """Checkpoints that stay on the disk."""
    optimizer: bool = True
    """Whether they hold what resuming needs, or the weights alone."""
    loaders: int = 0
    """Processes that read data for a rank."""
    partitioned: bool = False
    """Whether weights are spread while they are read (zero.Init), so that no rank holds all of them."""
    read: float = 2
    """Bytes of a weight on the host while it is read."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A job on one target, as the forecasts see it."""

    task: Literal["train", "infer"]
    shape: Shape
    counts: Counts
    bytes: Bytes
    ranks: Ranks
    sharding: Sharding
    saved: Saved
    batch: Batch = field(default_factory=Batch)
    recompute: Recompute = field(default_factory=Recompute)
    generation: Generation | None = None
    machine: Machine = field(default_factory=Machine)
    files: Files = field(default_factory=Files)
    method: str = "full"
    optimizer: str = "adamw"
    dtype: str = "bf16"
    engine: str = ""
    """Of inference: transformers, deepspeed or zero."""
    reference: bool = False
    """Whether a second copy of the model is held to compare with."""
    asked: Literal["allocated", "reserved", "device"] = "device"
    """Whose count is wanted: the tensors', the allocator's, or that of the accelerator's own tool."""

    @property
    def tokens(self) -> float:
        """Tokens that pass through one rank at once."""
        per_rank = self.batch.sequence / self.ranks.sequence
        return self.batch.micro * self.batch.copies * per_rank

    @property
    def is_streamed(self) -> bool:
        """Whether inference fetches the weights layer by layer, from other ranks, the host or NVMe."""
        return self.sharding.offload_param != "none" or self.sharding.weights_are_spread

    @property
    def trains_everything(self) -> bool:
        """Whether gradients are computed for the model itself."""
        return self.counts.trainable > self.counts.adapter
