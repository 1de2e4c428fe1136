"""What others say: DeepSpeed's own estimate, accelerate's, and constants.

DeepSpeed's formulas are those of deepspeed 0.19.8, deepspeed/runtime/zero/stage3.py:3744 and stage_1_and_2.py; a test
holds them to the installed functions. Bytes of one rank's accelerator, or of one node's host.
"""

from __future__ import annotations

from llmc.compiler.analysis.workload import Workload

FACTOR = 1.5


def deepspeed(work: Workload) -> int | None:
    """Give DeepSpeed's estimate of the accelerator; None where it has none: without ZeRO, and for inference."""
    stage, offload = work.sharding.stage, work.sharding.offload_optimizer != "none"
    if work.task == "infer" or work.sharding.engine not in ("deepspeed", "fsdp") or stage == 0:
        return None
    total, ranks = work.counts.total, work.ranks.world
    if stage < 3:
        return zero2(total, ranks, 1, offload)[1]
    # "The largest layer" is the largest module's own parameters there: a table, or one product.
    largest = max(work.counts.table, work.shape.hidden * work.shape.intermediate)
    return zero3(total, largest, ranks, 1, offload, work.sharding.offload_param != "none")[1]


def deepspeed_host(work: Workload) -> int | None:
    """Give DeepSpeed's estimate of a node's host."""
    stage, offload = work.sharding.stage, work.sharding.offload_optimizer != "none"
    if work.task == "infer" or stage == 0:
        return None
    per_node, nodes = work.ranks.per_node, work.ranks.nodes
    if stage < 3:
        return zero2(work.counts.total, per_node, nodes, offload)[0]
    largest = max(work.counts.table, work.shape.hidden * work.shape.intermediate)
    return zero3(work.counts.total, largest, per_node, nodes, offload, work.sharding.offload_param != "none")[0]


def zero2(total: int, per_node: int, nodes: int, offload: bool) -> tuple[int, int]:
    """Give host and accelerator, as estimate_zero2_model_states_mem_needs does."""
    ranks = nodes * per_node
    if offload:
        return int(total * max(4 * ranks, 16) * FACTOR), int(2 * total)
    return int(total * 4 * per_node * FACTOR), 2 * total + int(18 * total / ranks)


def zero3(
    total: int, largest: int, per_node: int, nodes: int, optimizer: bool, param: bool, init: bool = True
) -> tuple[int, int]:
    """Give host and accelerator, as estimate_zero3_model_states_mem_needs does."""
    ranks, layer = nodes * per_node, 4 * largest
    if not optimizer:
        return int((largest if init else total) * 4 * per_node * FACTOR), layer + int(18 * total / ranks)
    each = (18 if param else 16) / nodes
    held = total * (each if init else max(4 * per_node, each)) * FACTOR
    return int(held), layer + (0 if param else int(2 * total / ranks))


def accelerate(work: Workload) -> int:
    """Give what `accelerate estimate-memory` says: the weights, four times for Adam, a fifth more for answering.

    accelerate 1.15.0, commands/estimate.py, docs/source/usage_guides/model_size_estimator.md. It knows of one device.
    """
    weights = work.counts.total * 2
    return round(weights * 1.2) if work.task == "infer" else weights * 4


def constant(work: Workload) -> int:
    """Give 18 bytes a weight over all ranks: the rule of thumb for mixed precision with Adam."""
    each = 2 if work.task == "infer" else 18
    return round(work.counts.total * each / work.ranks.world)
