"""What the forward pass leaves for the backward pass."""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.memory.term import Term, run
from llmc.compiler.analysis.workload import Workload

# Of what a layer keeps, the part that selective checkpointing leaves: torchtitan keeps its input, attention's output
# and every second matrix product, 6.75 of Llama-3-8B's 24.5 residuals (torchtitan, activation_checkpoint.py).
SELECTIVE = 0.3
# And the part that torch.compile leaves, which computes cheap things again. A judgement: no measurement was found.
COMPILED = 0.75
# Under tensor parallelism norms and residuals stay whole: ten of a layer's 34 bytes a value, about two fifths of
# what is not feed-forward (Korthikanti et al. 2022, arXiv:2205.05198, section 4.2.1).
WHOLE = 0.4

_KEYS = (run("training.micro_batch_size"), run("data.max_length"), run("training.gradient_checkpointing"))


def terms(work: Workload) -> Iterator[Term]:
    """Give the activations of a training step on one rank."""
    if work.recompute.checkpointing == "full":
        yield checkpoints(work)
        yield recomputed(work)
    else:
        yield saved(work)
    yield flowing(work)
    yield evaluated(work)
    if work.ranks.sequence > 1:
        yield exchanged(work)


def layer(work: Workload) -> float:
    """Bytes that autograd keeps of one layer on one rank.

    For each architecture a closed form of its widths, measured with torch.autograd.graph.saved_tensors_hooks on
    transformers 5.23.0 (schemas/catalog/activations.json; the tests measure again).
    """
    tensor = work.ranks.tensor
    around = work.saved.attention * (WHOLE + (1 - WHOLE) / tensor)
    inside = (work.saved.ffn * tile(work) + work.saved.adapter + scores(work)) / tensor
    return work.tokens * (around + inside)


def scores(work: Workload) -> float:
    """Bytes that eager attention keeps for each token: a row of probabilities for every head.

    Korthikanti et al. 2022, arXiv:2205.05198, equation 1, `5 a s / h`, without dropout.
    """
    return work.saved.scores * work.shape.heads * work.batch.sequence


def tile(work: Workload) -> float:
    """Part of the feed-forward layer that is there at once: ALST cuts a sequence in pieces as long as a model is wide.

    Bekman et al. 2025, arXiv:2506.13996, section 3.1.1.
    """
    return min(1.0, work.shape.hidden / max(1.0, work.tokens)) if work.recompute.tiled_mlp else 1.0


def saved(work: Workload) -> Term:
    """Everything that autograd keeps, of every layer, or what selective checkpointing leaves of it.

    Pipeline parallelism changes nothing here: its first rank has as many micro batches under way as it has fewer layers
    (Narayanan et al. 2021, arXiv:2104.04473, section 2.2).
    """
    part = SELECTIVE if work.recompute.checkpointing == "selective" else COMPILED if work.recompute.compiled else 1.0
    size = part * work.shape.layers * layer(work)
    return Term("activations", round(size), ("loss",), (*_KEYS, run("model.attn_implementation")))


def stored(work: Workload) -> float:
    """Bytes of the residuals that checkpointing keeps, one for each layer; two at a time where the host keeps them."""
    layers = min(2, work.shape.layers) if work.recompute.offload else work.shape.layers
    return layers * work.tokens * work.shape.hidden * work.bytes.compute


def checkpoints(work: Workload) -> Term:
    """The inputs that every layer is computed again from (Chen et al. 2016, arXiv:1604.06174)."""
    return Term("checkpoints", round(stored(work)), ("loss", "backward"), _KEYS)


def recomputed(work: Workload) -> Term:
    """The layer that is being computed again; the first one meets the checkpoints of all others."""
    return Term("recomputed layer", round(layer(work)), ("backward",), _KEYS)


def flowing(work: Workload) -> Term:
    """Gradients of activations between two layers and in one: about three residuals and one feed-forward width."""
    width = 3 * work.shape.hidden + tile(work) * work.shape.intermediate / work.ranks.tensor
    return Term("activation gradients", round(work.tokens * work.bytes.compute * width), ("backward",), _KEYS)


def evaluated(work: Workload) -> Term:
    """One layer at work without gradients: the same widths once more."""
    width = 3 * work.shape.hidden + 2 * tile(work) * work.shape.intermediate / work.ranks.tensor
    return Term("evaluated layer", round(work.tokens * work.bytes.compute * width), ("evaluation",), _KEYS)


def exchanged(work: Workload) -> Term:
    """Ulysses' all-to-all: queries, keys and values a second time (Jacobs et al. 2023, arXiv:2309.14509, section 3)."""
    size = 2 * work.bytes.compute * work.tokens * (work.shape.query + 2 * work.shape.kv)
    return Term("sequence exchange", round(size), ("backward",), (run("parallelism.sequence"),))
