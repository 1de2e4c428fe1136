"""How the work is shared among ranks, and how prompts are answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from llmc.compiler.language.sections.training import Generation


@dataclass(frozen=True, slots=True)
class Parallelism:
    """Ranks that share one sequence, and ranks that share each layer."""

    sequence: int
    tensor: int


@dataclass(frozen=True, slots=True)
class Offload:
    """What is moved off the accelerator: to `cpu`, `nvme` or `none`."""

    optimizer: str
    param: str
    nvme_path: str | None
    pin_memory: bool


@dataclass(frozen=True, slots=True)
class DeepSpeed:
    """DeepSpeed's part; bucket sizes are in elements, `config` holds further keys of its configuration."""

    zero_stage: int
    offload: Offload
    reduce_bucket_size: int | None
    allgather_bucket_size: int | None
    overlap_comm: bool | None
    config: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class TransformersInference:
    """Plain generation."""

    engine: Literal["transformers"]
    batch_size: int
    generation: Generation
    output: str | None
    output_format: str


@dataclass(frozen=True, slots=True)
class DeepSpeedInference:
    """Generation with each layer shared among ranks."""

    engine: Literal["deepspeed"]
    batch_size: int
    generation: Generation
    output: str | None
    output_format: str
    replace_with_kernel_inject: bool
    max_out_tokens: int
    enable_cuda_graph: bool


@dataclass(frozen=True, slots=True)
class WeightQuantization:
    """Weights in fewer bits while they are streamed."""

    bits: int
    group_size: int


@dataclass(frozen=True, slots=True)
class ZeroInference:
    """Generation by a model that is streamed from host memory or NVMe."""

    engine: Literal["zero"]
    batch_size: int
    generation: Generation
    output: str | None
    output_format: str
    offload: str
    nvme_path: str | None
    weight_quantization: WeightQuantization | None


Inference = TransformersInference | DeepSpeedInference | ZeroInference
