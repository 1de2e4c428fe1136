"""What moves between ranks and has to lie somewhere: buckets of gradients, gathered weights."""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.memory.states import resident, split
from llmc.compiler.analysis.memory.term import PASSES, TRAINING, Term, run, zero
from llmc.compiler.analysis.workload import Workload


def terms(work: Workload) -> Iterator[Term]:
    """Give the buffers that one rank holds on its accelerator."""
    if work.sharding.engine == "deepspeed":
        yield bucket(work)
        if work.sharding.offload_optimizer != "none" and work.sharding.stage in (1, 2):
            yield staging(work)
    if work.sharding.weights_are_spread:
        yield gathered(work)
        yield on_their_way(work)
    if work.sharding.engine == "ddp":
        yield reducer(work)


def bucket(work: Workload) -> Term:
    """Gradients on their way to the others: `reduce_bucket_size` elements, whatever the model's size.

    Stage 1 and 2 make one such buffer for each backward pass, two where communication overlaps
    (deepspeed/runtime/zero/stage_1_and_2.py:3266). Stage 3 makes one, once and for all (stage3.py:782), and sorts what
    it sends into a second one (deepspeed/runtime/comm/coalesced_collectives.py, reduce_scatter_coalesced). Stage 0
    flattens gradients as they are, no more than there are (deepspeed/runtime/engine.py, buffered_allreduce_fallback).
    """
    sharding = work.sharding
    filled = min(sharding.reduce_bucket, work.counts.trainable)
    elements = {0: filled, 3: sharding.reduce_bucket + filled}.get(
        sharding.stage, sharding.reduce_bucket * (1 + sharding.overlap)
    )
    keys = (zero("reduce_bucket_size"), zero("overlap_comm"), "deepspeed.json:communication_data_type")
    phases = TRAINING if sharding.stage == 3 else ("backward",)
    return Term("reduce bucket", round(elements * sharding.communication), phases, keys)


def largest(work: Workload) -> float:
    """Elements of the largest weight that is trained."""
    return work.counts.table if work.trains_everything else work.counts.adapter / max(1, work.shape.layers)


def staging(work: Workload) -> Term:
    """One gradient on its way to the host: as large as the largest weight (stage_1_and_2.py:659)."""
    size = largest(work) * work.bytes.compute / split(work)
    return Term("offload buffer", round(size), TRAINING, (zero("offload_optimizer.device"),))


def live(work: Workload) -> float:
    """Weights, out of all, that are gathered when the loss is computed.

    DeepSpeed frees a layer only if its next use is more than stage3_max_reuse_distance elements away; at the end of the
    forward pass that is half of it on each side (partitioned_param_coordinator.py, __params_to_release). FSDP has the
    layer at work, the next one, and the root's own weights: the tables of tokens and the last norm.
    """
    sharding, counts = work.sharding, work.counts
    near = 2 * counts.layer
    if sharding.gathers_everything:
        near = counts.total
    elif sharding.engine == "fsdp":
        near += counts.embedding
    else:
        kept = min(sharding.max_reuse // 2, sharding.max_live)
        near = max(near + sharding.prefetch_bucket, kept) + counts.table
    return min(1.0, near / max(1, counts.total))


def gathered(work: Workload) -> Term:
    """Whole weights, of the layers at work and those nearby; see `live`. A shard in fp32 is gathered in 16 bits."""
    size = min(resident(work), work.counts.total * work.bytes.compute) / split(work)
    names = ("max_live_parameters", "max_reuse_distance", "prefetch_bucket_size")
    keys = tuple(zero(f"stage3_{name}") for name in names)
    return Term("gathered weights", round(live(work) * size), PASSES["train"], keys)


def on_their_way(work: Workload) -> Term:
    """Gradients before they are spread: of the largest weight under DeepSpeed, of a layer and the tables under FSDP.

    Where FSDP keeps frozen and trained weights in one flat tensor, its gradient is as large as both, of the layer at
    work and of the one that is being reduced (torch, FullyShardedDataParallel, on `use_orig_params`).
    """
    size = largest(work)
    if work.sharding.engine == "fsdp" and work.trains_everything:
        size = work.counts.layer + work.counts.embedding
    elif work.sharding.gathers_everything:
        size = 2 * work.counts.layer
    keys = (run("model.name_or_path"),)
    return Term("gradients on their way", round(size * work.bytes.compute / split(work)), ("backward",), keys)


def reducer(work: Workload) -> Term:
    """DistributedDataParallel's buckets: every gradient a second time, as `gradient_as_bucket_view` is off."""
    size = work.counts.trainable * work.bytes.gradient / split(work)
    return Term("gradient buckets", round(size), ("backward", "update"), ())
