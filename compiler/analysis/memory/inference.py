"""What answering takes: weights, the cache of keys and values, and what one pass through the model needs."""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.memory.adapters import dequantised
from llmc.compiler.analysis.memory.states import held, resident
from llmc.compiler.analysis.memory.term import INFERENCE, PASSES, Term, run
from llmc.compiler.analysis.workload import Generation, Workload

_PASSES = PASSES["infer"]


def terms(work: Workload) -> Iterator[Term]:
    """Give what a rank that generates holds on its accelerator."""
    generation = work.generation or Generation()
    yield weights(work)
    yield workspace(work, generation) if generation.room else cache(work, generation)
    yield passing(work, generation)
    yield words(work, generation)
    if work.counts.quantised and not work.is_streamed:
        yield dequantised(work)
    if work.is_streamed:
        yield streamed(work)


def weights(work: Workload) -> Term:
    """The weights of one rank; none of them where they are streamed from the host or from NVMe."""
    size = 0.0 if work.sharding.offload_param != "none" else held(work) + work.counts.adapter * work.bytes.adapter
    return Term("weights", round(size), INFERENCE, (run("model.name_or_path"), run("parallelism.tensor")))


def per_token(work: Workload, generation: Generation) -> float:
    """Bytes of one token's keys and values in all layers (Pope et al. 2022, arXiv:2211.05102, section 3.3)."""
    return 2 * work.shape.layers * work.shape.kv * generation.cache_bytes


def cache(work: Workload, generation: Generation) -> Term:
    """Keys and values of every token so far: full at the end of the answer.

    transformers' DynamicCache makes a longer one of a layer before it frees the old one (cache_utils.py, torch.cat).
    """
    tokens = generation.prompt + generation.new_tokens
    parts = work.ranks.tensor * work.ranks.pipeline
    layers = max(1, work.shape.layers)
    size = per_token(work, generation) * tokens * generation.batch / parts * (1 + 1 / layers)
    if generation.cache_offload:
        size /= layers  # the layer at work
    keys = (run("inference.batch_size"), run("inference.generation.max_new_tokens"))
    return Term("key-value cache", round(size), ("decode",), keys)


def workspace(work: Workload, generation: Generation) -> Term:
    """What DeepSpeed's kernels allocate once for max_out_tokens: cache, activations and scores; less if less is free.

    deepspeed 0.19.8, csrc/transformer/inference/includes/inference_context.h, GenWorkSpace: every head has keys of its
    own there, as wide as flash attention wants them.
    """
    shape, tensor = work.shape, work.ranks.tensor
    head = next((wide for wide in (32, 64, 128) if shape.head_dim <= wide), shape.head_dim)
    activations = 10 * shape.heads * head
    scores = shape.heads / tensor * generation.room
    kept = 2 * shape.layers * shape.heads * head / tensor
    size = (activations + scores + kept) * generation.batch * generation.room * generation.cache_bytes
    keys = (run("inference.max_out_tokens"), run("inference.batch_size"))
    return Term("workspace", round(size), _PASSES, keys)


def passing(work: Workload, generation: Generation) -> Term:
    """One layer at work on the whole prompt: residuals, queries, keys, values, the feed-forward widths."""
    shape, each = work.shape, work.bytes.compute
    inside = (3 if shape.gated else 2) * shape.intermediate * max(1, shape.active_experts)
    width = 4 * shape.hidden + 2 * (shape.query + 2 * shape.kv) + inside
    size = generation.batch * max(1, generation.prompt) * width * each / work.ranks.tensor
    return Term("activations", round(size), ("prefill",), (run("inference.batch_size"),))


def words(work: Workload, generation: Generation) -> Term:
    """Logits of the last token alone, in 16 and 32 bits (transformers, generation/utils.py: `logits_to_keep`)."""
    size = generation.batch * work.shape.vocab * 10 / work.ranks.tensor
    return Term("logits", round(size), _PASSES, (run("inference.batch_size"),))


def streamed(work: Workload) -> Term:
    """The layer at work, the next one, and the table of tokens, in the type that they are computed in.

    ZeRO-Inference fetches one layer ahead (Aminabadi et al. 2022, arXiv:2207.00032, section 5.2).
    """
    near = min(work.counts.total, 2 * work.counts.layer + work.counts.table)
    size = near * max(work.bytes.compute, resident(work) / max(1, work.counts.total)) / work.ranks.tensor
    return Term("streamed layers", round(size), _PASSES, (run("inference.offload"),))
