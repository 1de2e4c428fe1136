"""The last layer and the loss: for each token as many values as the vocabulary has."""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.memory.term import Term, run
from llmc.compiler.analysis.workload import Workload

# Bytes for each token and word while the gradient of the loss is computed. transformers' ForCausalLMLoss makes the
# logits fp32 (loss/loss_utils.py): 4 of the log-softmax, 4 of its gradient, 4 of the logits' own.
FULL = 12.0
# A caller that holds on to the model's output holds its logits in 16 bits as well.
HELD = 2.0
# Compiled, nothing is fp32 but in registers: the logits and their gradient, 2 + 2 (torchtitan, components/loss.py).
COMPILED = 4.0

_KEYS = (run("model.use_liger_kernel"), run("training.micro_batch_size"), run("data.max_length"))


def terms(work: Workload) -> Iterator[Term]:
    """Give what the loss takes on one rank."""
    yield logits(work) if work.recompute.loss else fused(work)
    yield evaluated(work)


def logits(work: Workload) -> Term:
    """The logits, what the loss makes of them, and its gradient."""
    size = work.recompute.loss * work.shape.vocab * work.tokens / work.ranks.tensor
    return Term("logits", round(size), ("loss",), _KEYS)


def fused(work: Workload) -> Term:
    """A loss that is computed with the last layer, a piece at a time (Hsu et al. 2024, arXiv:2410.10989).

    liger-kernel 0.8.5, ops/fused_linear_cross_entropy.py: the gradient of what it reads, the gradient of the table, and
    one piece of logits, about as large as what it reads, rounded up to a power of two.
    """
    table = work.counts.table if work.trains_everything else 0
    size = work.tokens * work.shape.hidden * 6 + table * work.bytes.compute
    return Term("fused loss", round(size / work.ranks.tensor), ("loss",), _KEYS)


def evaluated(work: Workload) -> Term:
    """Logits and loss of an evaluation, without gradients: 2 + 4 + 4 bytes for each token and word."""
    each = 10.0 * work.shape.vocab if work.recompute.loss else 6.0 * work.shape.hidden
    return Term("evaluated logits", round(each * work.tokens / work.ranks.tensor), ("evaluation",), _KEYS)
