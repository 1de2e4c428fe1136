"""What a node's processor holds: bytes of one node, all of its ranks together."""

from __future__ import annotations

import math
from collections.abc import Iterator

from llmc.compiler.analysis.memory.inference import per_token
from llmc.compiler.analysis.memory.states import resident
from llmc.compiler.analysis.memory.term import HOST, INFERENCE, NVME, TRAINING, Term, run, zero
from llmc.compiler.analysis.workload import Workload

GIB = 2**30
# A rank's interpreter with torch, CUDA's libraries and transformers: PEFT's README reports 3.8 GB for the whole process
# of a model that is on the accelerator.
PROCESS = 3 * GIB
# Without CUDA's libraries: torch, transformers and DeepSpeed 0.19.8 with a model of no size, measured: 0.46 GiB.
ON_PROCESSOR = GIB // 2
# A process that reads data holds torch, and a few batches.
LOADER = GIB
# torch pins memory in blocks of a power of two (aten/src/ATen/core/CachingHostAllocator.h): of sizes that are anything,
# 1 / ln 2 times as much on average. DeepSpeed's own estimate multiplies everything by 1.5.
PINNED = 1 / math.log(2)


def terms(work: Workload) -> Iterator[Term]:
    """Give what lies on the host of one node, and on its NVMe disks."""
    yield processes(work)
    yield reading(work)
    yield loaders(work)
    if work.sharding.offload_param != "none":
        yield parameters(work)
    if work.sharding.offload_optimizer != "none":
        yield optimizer(work)
        yield flat_gradients(work)
    if "nvme" in (work.sharding.offload_param, work.sharding.offload_optimizer):
        yield swapping(work)
    if work.recompute.offload:
        yield residuals(work)
    if work.task == "train":
        yield collected(work)
    elif work.generation and work.generation.cache_offload:
        yield keys_and_values(work)


def _phases(work: Workload) -> tuple[str, ...]:
    return TRAINING if work.task == "train" else INFERENCE


def _pinned(work: Workload) -> float:
    return PINNED if work.sharding.pin_memory else 1.0


def _of_node(work: Workload) -> float:
    """How many of the ranks that share the states are on one node."""
    return 1 / work.ranks.nodes


def processes(work: Workload) -> Term:
    """The processes themselves."""
    size = work.ranks.per_node * (ON_PROCESSOR if work.machine.kind == "cpu" else PROCESS)
    return Term("processes", size, _phases(work), (run("launch.processes_per_node"),), where=HOST)


def loaders(work: Workload) -> Term:
    """Those that read data."""
    size = work.ranks.per_node * work.files.loaders * LOADER
    return Term("data loaders", size, _phases(work), (run("training.dataloader_num_workers"),), where=HOST)


def reading(work: Workload) -> Term:
    """The weights while they are read: by each rank a copy of its own, unless zero.Init spreads them at once.

    A model of 10B weights took 445 GB on 8 ranks in fp32 (DeepSpeedExamples, issue 630); partitioned, all ranks map the
    same files.
    """
    copies = 1 if work.files.partitioned else work.ranks.per_node
    # What is quantised is so file by file.
    size = (resident(work) if work.counts.quantised else work.counts.total * work.files.read) * copies
    keys = (run("model.name_or_path"), zero("stage"))
    return Term("weights while reading", round(size), ("load",), keys, where=HOST)


def parameters(work: Workload) -> Term:
    """Weights that stage 3 offloads, in the type that they are computed in."""
    where = NVME if work.sharding.offload_param == "nvme" else HOST
    size = resident(work) * _of_node(work) * (_pinned(work) if where == HOST else 1)
    if work.sharding.stage != 3:
        size = resident(work) * work.ranks.per_node
    return Term("offloaded weights", round(size), _phases(work), (zero("offload_param.device"),), where=where)


def optimizer(work: Workload) -> Term:
    """Master weights and moments that are offloaded: 4 + 8 bytes a weight for Adam, not pinned.

    deepspeed/runtime/zero/stage3.py:1156; the moments are made by DeepSpeedCPUAdam.
    """
    where = NVME if work.sharding.offload_optimizer == "nvme" else HOST
    each = work.bytes.master + work.bytes.moments
    size = work.counts.trainable * each * _of_node(work)
    return Term("offloaded optimizer", round(size), TRAINING[1:], (zero("offload_optimizer.device"),), where=where)


def flat_gradients(work: Workload) -> Term:
    """Gradients beside an offloaded optimizer, pinned: in fp32 for the update, and in 16 bits.

    deepspeed/runtime/zero/stage3.py:791 and 1338, stage_1_and_2.py:556 and 937. DeepSpeed's own estimate has 16 bytes a
    weight for these and the optimizer's 12 (stage3.py, estimate_zero3_model_states_mem_needs).
    """
    each = 4 + work.bytes.gradient
    size = work.counts.trainable * each * _of_node(work) * _pinned(work)
    return Term("offloaded gradients", round(size), TRAINING[1:], (zero("offload_optimizer.device"),), where=HOST)


def swapping(work: Workload) -> Term:
    """Pinned buffers on the way to NVMe: `buffer_count` x `buffer_size` elements of each rank."""
    size = work.ranks.per_node * work.sharding.swap_buffers * work.bytes.compute
    keys = (zero("offload_param.buffer_count"), zero("offload_param.buffer_size"))
    return Term("swap buffers", round(size), _phases(work), keys, where=HOST)


def residuals(work: Workload) -> Term:
    """Checkpoints of activations that are kept on the host."""
    size = work.shape.layers * work.tokens * work.shape.hidden * work.bytes.compute * work.ranks.per_node
    return Term("offloaded checkpoints", round(size), ("loss", "backward"), (), where=HOST)


def collected(work: Workload) -> Term:
    """The weights in 16 bits that the first rank gathers to write them (stage3_gather_16bit_weights_on_model_save)."""
    weights = work.counts.total if work.trains_everything else work.counts.adapter
    keys = (zero("stage3_gather_16bit_weights_on_model_save"),)
    return Term("weights while writing", round(weights * work.bytes.compute), ("save",), keys, where=HOST)


def keys_and_values(work: Workload) -> Term:
    """The cache of keys and values where it is kept on the host, pinned."""
    generation = work.generation
    assert generation is not None, "asked for where there is one"
    tokens = generation.prompt + generation.new_tokens
    size = per_token(work, generation) * tokens * generation.batch * work.ranks.per_node
    keys = (run("inference.batch_size"),)
    return Term("offloaded cache", round(size * _pinned(work)), ("decode",), keys, where=HOST)
