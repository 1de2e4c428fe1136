"""What low-rank adapters and weights in few bits add."""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.memory.term import PASSES, TRAINING, Term, run
from llmc.compiler.analysis.workload import Workload


def terms(work: Workload) -> Iterator[Term]:
    """Give them, where there are some."""
    if work.counts.adapter:
        yield weights(work)
    if work.counts.quantised:
        yield dequantised(work)


def weights(work: Workload) -> Term:
    """The low-rank matrices: r values for every row and every column of a target (Hu et al. 2021, arXiv:2106.09685).

    PEFT makes them fp32 on a model in 16 bits (autocast_adapter_dtype); DeepSpeed makes them 16 bits wide again
    (deepspeed/runtime/engine.py, _configure_distributed_model: `self.module.bfloat16()`).
    """
    spread = work.ranks.shards if work.sharding.weights_are_spread else 1
    size = work.counts.adapter * work.bytes.adapter / spread
    return Term("adapters", round(size), TRAINING, (run("model.adapter.r"), run("model.adapter.target_modules")))


def dequantised(work: Workload) -> Term:
    """The largest matrix, made 16 bits wide while it is multiplied with (bitsandbytes, autograd/_functions.py).

    Since 0.44 the product keeps nothing else: before, it kept its input as a trained layer does.
    """
    largest = max(work.shape.hidden * work.shape.intermediate, work.counts.table)
    size = largest * work.bytes.compute / work.ranks.tensor
    keys = (run("model.adapter.kind"), run("model.quantization.kind"))
    return Term("dequantised weight", round(size), PASSES[work.task], keys)
