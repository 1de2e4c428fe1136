"""The memory forecast: its terms against published arithmetic, and what must hold of every forecast."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from llmc.compiler.analysis.kept import Inputs, kept, of_adapter
from llmc.compiler.analysis.memory import by_phase, disk, forecast, host, inference, states
from llmc.compiler.analysis.workload import (
    Batch,
    Bytes,
    Counts,
    Files,
    Generation,
    Machine,
    Ranks,
    Shape,
    Sharding,
    Workload,
)

GB, GIB = 10**9, 2**30
LLAMA_7B = Shape("llama", 4096, 32, 32, 32, 128, 11008, 32000)
COUNTS_7B = Counts(6_738_415_616, 6_738_415_616, 2 * 131_072_000, 131_072_000, 202_383_360)
FULL = Workload(
    "train", LLAMA_7B, COUNTS_7B, Bytes(), Ranks(), Sharding("deepspeed", 2), kept(LLAMA_7B, "bf16", trained=True),
    Batch(1, 2048),
)  # fmt: skip


def model_states(work):
    wanted = ("weights", "gradients", "master weights", "optimizer states")
    return sum(term.bytes for term in states.terms(work) if term.name in wanted)


@pytest.mark.parametrize(
    ("stage", "ranks", "expected"), [(0, 64, 120), (1, 64, 31.4), (2, 64, 16.6), (3, 64, 1.9), (3, 1024, 0.117)]
)
def test_states_are_those_of_the_zero_paper(stage, ranks, expected):
    # Rajbhandari et al. 2019, arXiv:1910.02054, table 1: 7.5B weights, 16 bytes each, in GB for each stage.
    counts = Counts(7_500_000_000, 7_500_000_000, 0, 0, 0)
    work = replace(FULL, counts=counts, ranks=Ranks(data=ranks), sharding=Sharding("deepspeed", stage))
    assert model_states(work) / GB == pytest.approx(expected, rel=0.02)


def test_adapters_train_a_part_of_what_is_held():
    counts = replace(COUNTS_7B, trainable=4_194_304, adapter=4_194_304)
    work = replace(FULL, counts=counts, method="lora")
    assert states.weights(work).bytes == 2 * COUNTS_7B.total
    assert states.optimized(work) == 4_194_304


def test_four_bits_are_those_of_the_qlora_paper():
    # Dettmers et al. 2023, section 3: quantising the constants saves 0.373 bits of a weight, 3 GB in 65B of them.
    def held(each):
        counts = Counts(65 * GB, 0, 0, 0, 0, quantised=65 * GB)
        return states.resident(replace(FULL, counts=counts, bytes=Bytes(quantised=each)))

    assert (held(0.5625) - held(0.5159)) / GB == pytest.approx(3.0, abs=0.1)


def test_a_layer_keeps_what_was_measured_of_it():
    # Of the real models, in units of two bytes times the hidden width.
    shapes = {
        Shape("llama", 4096, 32, 32, 32, 128, 11008, 32000): 22.77,
        Shape("llama", 4096, 32, 32, 8, 128, 14336, 128256): 24.52,
        Shape("qwen2", 3584, 28, 28, 4, 128, 18944, 152064): 31.45,
        Shape("llama", 3072, 28, 24, 8, 128, 8192, 128256): 21.35,
    }
    for shape, copies in shapes.items():
        saved = kept(shape, "bf16", trained=True)
        assert (saved.attention + saved.ffn) / 2 / shape.hidden == pytest.approx(copies, abs=0.04), shape


def test_adapters_keep_a_copy_in_their_own_type():
    two = Inputs(modules=2, width=2 * 4096, unsaved=4096)
    assert of_adapter(two, 8, 2, 4, dropout=False) == 2 * 4096 * 4 + 2 * 8 * 4
    assert of_adapter(two, 8, 2, 2, dropout=False) == 4096 * 2 + 2 * 8 * 2
    assert of_adapter(two, 8, 2, 2, dropout=True) == 2 * 4096 * 3 + 2 * 8 * 2


def test_the_cache_of_keys_and_values():
    # Kwon et al. 2023, arXiv:2309.06180, section 3: one token of OPT-13B takes 800 KB.
    opt = Shape("opt", 5120, 40, 40, 40, 128, 20480, 50272, gated=False)
    assert inference.per_token(replace(FULL, shape=opt), Generation()) == 800 * 1024


def test_offload_needs_what_people_saw():
    # DeepSpeed issue 3448: llama-30b took 750 to 800 GB of the host's memory on 8 ranks; 600 GB were too few.
    counts = Counts(32_528_943_616, 32_528_943_616, 0, 0, 0)
    sharding = Sharding("deepspeed", 3, "cpu", "cpu")
    work = replace(FULL, counts=counts, sharding=sharding, ranks=Ranks(data=8, per_node=8))
    held = by_phase(term for term in host.terms(work) if term.name != "processes")
    assert 750 < held["backward"] / GB < 800


def test_checkpoints_on_the_disk():
    # axolotl's example of gpt-oss-120b: about 720 GB with Adam in bf16, so 6.2 bytes a weight.
    counts = Counts(116_800_000_000, 116_800_000_000, 0, 0, 0)
    work = replace(FULL, counts=counts, bytes=Bytes(master=0, moments=4), files=Files(kept=1))
    assert disk.checkpoint(work) / GB == pytest.approx(720, rel=0.05)


def test_the_parts_are_the_whole():
    work = replace(FULL, machine=Machine("a100-80gb", "cuda", 79 * GIB, 1000 * GIB))
    answer = forecast(work)
    phases = by_phase(term for term in answer.terms if term.where == "device")
    assert answer.phases() == phases
    assert answer.device.need.expected == max(phases.values())
    assert answer.device.phase == max(phases, key=phases.get)


@pytest.mark.parametrize(("usable", "verdict"), [(400 * GIB, "fits"), (None, "unknown"), (10 * GIB, "refused")])
def test_there_are_three_verdicts_and_an_honest_one(usable, verdict):
    answer = forecast(replace(FULL, machine=Machine("a", "cuda", usable, 1000 * GIB)))
    assert answer.device.verdict == verdict


def test_between_the_bounds_it_is_tight():
    need = forecast(FULL).device.need
    assert need.low <= need.expected <= need.high
    answer = forecast(replace(FULL, machine=Machine("a", "cuda", need.expected, 1000 * GIB)))
    assert answer.verdict == "tight"


def test_on_a_processor_the_host_holds_everything():
    work = replace(FULL, machine=Machine("cpu", "cpu", None, 1000 * GIB), ranks=Ranks(data=2, per_node=2))
    answer = forecast(work)
    assert "device" not in answer.resources
    assert answer.resources["host"].need.expected > 2 * answer.phases()["loss"]


def test_it_is_quick():
    forecast(FULL)
    start = time.process_time()
    for _ in range(20):
        forecast(FULL)
    assert (time.process_time() - start) / 20 < 0.005
