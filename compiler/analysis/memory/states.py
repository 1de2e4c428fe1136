"""Weights, gradients and what the optimizer holds: the model states of Rajbhandari et al. 2019 (arXiv:1910.02054)."""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.memory.term import STEP, TRAINING, Term, run, zero
from llmc.compiler.analysis.workload import Workload


def terms(work: Workload) -> Iterator[Term]:
    """Give the states of a training job that one rank holds on its accelerator."""
    yield weights(work)
    if work.reference:
        yield reference(work)
    yield gradients(work)
    yield master(work)
    yield moments(work)
    yield update(work)


def resident(work: Workload) -> float:
    """Bytes of the model's weights, all ranks together, in the format that they are held in."""
    counts, each = work.counts, work.bytes
    own = counts.trainable - counts.adapter
    return (counts.frozen - counts.quantised) * each.frozen + counts.quantised * each.quantised + own * each.trained


def split(work: Workload) -> float:
    """Into how many parts the ranks of one replica split the weights; experts are split once more."""
    experts = work.counts.experts / max(1, work.counts.total)
    return work.ranks.tensor * work.ranks.pipeline / (1 - experts + experts / work.ranks.expert)


def held(work: Workload) -> float:
    """Bytes of one rank's part of the weights, wherever it is."""
    return resident(work) / split(work) / (work.ranks.shards if work.sharding.weights_are_spread else 1)


def weights(work: Workload) -> Term:
    """The model's own weights, whole on each rank until stage 3 spreads them.

    Frozen ones too: ZeRO-3 partitions every parameter (deepspeed/runtime/zero/partition_parameters.py, Init).
    In nf4 a weight is half a byte and a float of 4 bytes for 64 of them, 0.5625; 0.516 where those floats are quantised
    as well (Dettmers et al. 2023, arXiv:2305.14314, section 3); embeddings, norms and the last layer stay in 16 bits.
    """
    size = 0.0 if work.sharding.offload_param != "none" else held(work)
    keys = (run("model.name_or_path"), run("model.dtype"), zero("stage"), zero("offload_param.device"))
    return Term("weights", round(size), TRAINING, keys)


def reference(work: Workload) -> Term:
    """The model that preferences are compared with: a second copy, spread as the first one is.

    An adapter needs none: switched off, the model is its own reference (TRL, DPOTrainer, `ref_model=None`).
    """
    return Term("reference model", weights(work).bytes, TRAINING, (run("preference.reference_model"), zero("stage")))


def optimized(work: Workload) -> float:
    """Weights whose optimizer states one rank holds."""
    spread = work.ranks.shards if work.sharding.stage and work.sharding.engine in ("deepspeed", "fsdp") else 1
    return work.counts.trainable / (split(work) * spread)


def gradients(work: Workload) -> Term:
    """One gradient for each trainable weight, in the type that they are added up in.

    Stage 3 holds its part in a flat buffer from the start (deepspeed/runtime/zero/stage3.py:791). Stage 2 holds its
    part from the first backward pass of a step on, stage 1 and plain ranks all of them (stage_1_and_2.py:
    `averaged_gradients`, `param.grad`). With offload they are on the host, after a bucket on the way, but stage 1 keeps
    them until the step.
    """
    sharding = work.sharding
    spread = sharding.stage >= 2 or sharding.engine == "fsdp"
    size = (optimized(work) if spread else work.counts.trainable / split(work)) * work.bytes.gradient
    if sharding.offload_optimizer != "none" and sharding.stage >= 2:
        size = 0
    flat = sharding.engine == "deepspeed" and sharding.stage == 3
    phases = TRAINING if flat else STEP if work.batch.accumulation > 1 else ("backward", "update")
    keys = (zero("stage"), zero("offload_optimizer.device"), "deepspeed.json:data_types.grad_accum_dtype")
    return Term("gradients", round(size), phases, keys)


def master(work: Workload) -> Term:
    """The copy in fp32 that the optimizer changes (Micikevicius et al. 2018, arXiv:1710.03740, section 3.1)."""
    size = 0.0 if work.sharding.offload_optimizer != "none" else optimized(work) * work.bytes.master
    return Term("master weights", round(size), TRAINING, (zero("stage"), zero("offload_optimizer.device")))


def moments(work: Workload) -> Term:
    """What the optimizer remembers of each weight: two values for Adam, one for Lion and Muon."""
    size = 0.0 if work.sharding.offload_optimizer != "none" else optimized(work) * work.bytes.moments
    keys = (run("training.optimizer.kind"), zero("stage"), zero("offload_optimizer.device"))
    return Term("optimizer states", round(size), (*STEP, "evaluation", "save"), keys)


def update(work: Workload) -> Term:
    """What the optimizer needs while it changes the weights.

    DeepSpeed flattens its gradients and makes them fp32, 2 + 4 bytes (stage_1_and_2.py, `flat_grad_partition.to`),
    stage 3 for one sub-group at a time (stage3.py:2686). torch's AdamW with foreach holds one value more a weight.
    """
    weights = 0.0 if work.sharding.offload_optimizer != "none" else optimized(work)
    if work.sharding.engine == "deepspeed" and work.sharding.stage == 3:
        weights = min(weights, work.sharding.sub_group)
    return Term("update", round(weights * work.bytes.update), ("update",), (zero("sub_group_size"),))
