"""What must hold of every memory forecast, whatever the job."""

from __future__ import annotations

import os
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from llmc.compiler.analysis.kept import kept
from llmc.compiler.analysis.memory import by_phase, forecast, states
from llmc.compiler.analysis.workload import (
    Batch,
    Bytes,
    Counts,
    Generation,
    Machine,
    Ranks,
    Recompute,
    Shape,
    Sharding,
    Workload,
)

FAMILIES = ("llama", "qwen3", "gpt2", "gpt_neox", "gemma3_text", "mixtral", "nobody-knows-this")
KINDS = ("none", "full", "selective")
DEVICES = ("none", "cpu", "nvme")

many = settings(max_examples=max(int(os.environ.get("LLMC_EXAMPLES", "400")) // 5, 100), deadline=None)


@st.composite
def shapes(draw):
    heads = draw(st.integers(1, 64))
    kv = draw(st.sampled_from([kv for kv in (1, 2, 4, 8, heads) if heads % kv == 0]))
    experts = draw(st.sampled_from([0, 0, 8]))
    sizes = draw(
        st.tuples(st.integers(64, 16384), st.integers(1, 120), st.integers(64, 65536), st.integers(100, 3 * 10**5))
    )
    hidden, layers, ffn, vocab = sizes
    return Shape(
        draw(st.sampled_from(FAMILIES)), hidden, layers, heads, kv, draw(st.sampled_from([64, 128])), ffn, vocab,
        experts=experts, active_experts=min(2, experts),
    )  # fmt: skip


@st.composite
def workloads(draw, task="train"):
    shape = draw(shapes())
    table = shape.vocab * shape.hidden
    layer = 4 * shape.hidden**2 + 3 * shape.hidden * shape.intermediate * max(1, shape.experts)
    total = 2 * table + layer * shape.layers
    adapter = draw(st.sampled_from([0, 10**6, 10**8]))
    quantised = draw(st.sampled_from([0, layer * shape.layers])) if adapter else 0
    counts = Counts(total, adapter or total, 2 * table, table, layer, adapter, quantised)
    stage = draw(st.integers(0, 3))
    param = draw(st.sampled_from(DEVICES)) if stage == 3 else "none"
    optimizer = draw(st.sampled_from(DEVICES)) if stage else "none"
    engine = draw(st.sampled_from(["deepspeed", "fsdp", "none"])) if stage in (0, 3) else "deepspeed"
    return Workload(
        task,
        shape,
        counts,
        Bytes(quantised=0.5625),
        Ranks(draw(st.integers(1, 64)), draw(st.sampled_from([1, 2, 8])), draw(st.sampled_from([1, 4]))),
        Sharding(engine, stage, optimizer, param, overlap=draw(st.booleans())),
        kept(shape, "bf16", trained=not adapter, eager=draw(st.booleans())),
        Batch(draw(st.integers(1, 64)), draw(st.integers(1, 10**6)), draw(st.integers(1, 8))),
        Recompute(
            draw(st.sampled_from(["none", "full", "selective"])), draw(st.booleans()), draw(st.sampled_from([0, 12]))
        ),
        generation=Generation(draw(st.integers(1, 64)), draw(st.integers(1, 9999)), draw(st.integers(1, 9999)))
        if task == "infer"
        else None,
        machine=Machine("a", "cuda", 80 * 2**30, 10**12),
        reference=draw(st.booleans()),
        asked=draw(st.sampled_from(["allocated", "reserved", "device"])),
    )


def need(work):
    return forecast(work).device.need.expected


def held(work):
    """What the states take when the optimizer steps, without its temporaries."""
    return by_phase(term for term in states.terms(work) if term.name != "update")["update"]


@many
@given(workloads() | workloads("infer"))
def test_terms_are_no_less_than_nothing_and_add_up(work):
    answer = forecast(work)
    assert all(term.bytes >= 0 for term in answer.terms)
    for where, resource in answer.resources.items():
        phases = answer.phases(where)
        assert resource.need.expected == max(phases.values())
        assert resource.need.low <= resource.need.expected <= resource.need.high
        assert sum(term.bytes for term in answer.terms if term.where == where and resource.phase in term.phases) == (
            resource.need.expected
        )


@many
@given(workloads() | workloads("infer"))
def test_the_same_job_has_the_same_forecast(work):
    assert forecast(work) == forecast(replace(work))


@many
@given(workloads(), st.integers(1, 8))
def test_more_data_parallel_ranks_take_no_more_each(work, times):
    # A single rank needs no communication, whose buffers are the same for two and for thousands.
    work = replace(work, ranks=replace(work.ranks, data=work.ranks.data + 1))
    more = replace(work, ranks=replace(work.ranks, data=work.ranks.data * times))
    assert need(more) <= need(work) + 8


@many
@given(workloads(), st.integers(1, 63))
def test_a_smaller_micro_batch_takes_no_more(work, less):
    smaller = replace(work, batch=replace(work.batch, micro=max(1, work.batch.micro - less)))
    assert need(smaller) <= need(work)


@many
@given(workloads(), st.integers(1, 10**6))
def test_a_shorter_sequence_takes_no_more(work, less):
    shorter = replace(work, batch=replace(work.batch, sequence=max(1, work.batch.sequence - less)))
    assert need(shorter) <= need(work)


@many
@given(workloads())
def test_checkpointing_takes_no_more_at_the_loss(work):
    phases = {
        kind: forecast(replace(work, asked="allocated", recompute=replace(work.recompute, checkpointing=kind))).phases()
        for kind in ("none", "selective")
    }
    assert phases["selective"]["loss"] <= phases["none"]["loss"]


@many
@given(workloads())
def test_states_never_grow_with_the_stage(work):
    # Buffers do: stage 3 gathers weights that stage 2 just has.
    plain = replace(
        work, sharding=replace(work.sharding, engine="deepspeed", offload_optimizer="none", offload_param="none")
    )
    sizes = [held(replace(plain, sharding=replace(plain.sharding, stage=stage))) for stage in range(4)]
    assert sizes == sorted(sizes, reverse=True)


@many
@given(workloads())
def test_states_never_grow_with_offload(work):
    spread = replace(work.sharding, engine="deepspeed", stage=3, offload_optimizer="none", offload_param="none")
    steps = [("none", "none"), ("cpu", "none"), ("cpu", "cpu"), ("nvme", "nvme")]
    sizes = [
        held(replace(work, sharding=replace(spread, offload_optimizer=optimizer, offload_param=param)))
        for optimizer, param in steps
    ]
    assert sizes == sorted(sizes, reverse=True)
