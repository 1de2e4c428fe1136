"""What a spec, the lock and deepspeed.json make of the numbers that the forecasts read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmc.compiler.analysis.memory import forecast
from llmc.compiler.analysis.workload import Workload
from llmc.compiler.analysis.workload_of import workload_of
from llmc.compiler.facts.known import Facts, gather
from llmc.compiler.facts.lock import Lock
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.experiment import Experiment, lower
from llmc.compiler.language.source import parse
from llmc.compiler.language.validate import complete

LLAMA = {
    "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 32, "intermediate_size": 11008, "vocab_size": 32000, "tie_word_embeddings": False,
}  # fmt: skip
# Published: 6.74B weights; of the linear layers 32 x (4 x 4096^2 + 3 x 4096 x 11008); rank 8 on queries and values.
TOTAL, LINEAR, ADAPTER = 6_738_415_616, 6_476_005_376, 4_194_304
ENTRY = {
    "source": "hub", "commit": "a" * 40, "config": LLAMA, "parameters": {"total": TOTAL, "from": "headers"},
    "weights_bytes": 2 * TOTAL, "files": "sha256:0", "generation_eos": [2], "tokenizer": None,
}  # fmt: skip
SPEC = """
llmc: 1
name: exp
task: {task}
model: {{name_or_path: org/llama, revision: {revision}, dtype: {dtype}{model}}}
data: {{train: {{path: data.jsonl, format: {format}}}, max_length: 2048}}
training: {{max_steps: 1, global_batch_size: 64, optimizer: {{kind: {optimizer}, learning_rate: 1e-3}}{training}}}
deepspeed: {{zero_stage: {stage}{deepspeed}}}
{more}
targets: {{lab: {{kind: cluster, accelerator: a100-80gb, hosts: [{{address: a, slots: 8}}, {{address: b, slots: 8}}]}}}}
"""
DEFAULTS: dict[str, Any] = {
    "task": "sft", "dtype": "bf16", "model": "", "format": "messages", "optimizer": "adamw", "training": "",
    "stage": 3, "deepspeed": "", "more": "", "revision": "a" * 40,
}  # fmt: skip
LORA = "adapter: {kind: lora, r: 8, alpha: 8, dropout: 0.05, target_modules: [q_proj, v_proj]}"


def read(text: str) -> Experiment:
    report = Report()
    tree = parse(text, "exp.yaml", report)
    assert tree is not None
    completed = complete(tree, report)
    assert not report.failed, [d.message for d in report.diagnostics]
    return lower(completed, Path("/nowhere"))


def facts() -> Facts:
    return gather(Path("/nowhere"), Lock(models={f"org/llama@{'a' * 40}": ENTRY}))


def made(settings: Any = None, **changes: Any) -> Workload:
    work = workload_of(read(SPEC.format(**DEFAULTS | changes)), facts(), "lab", settings or {})
    assert work is not None
    return work


def test_a_model_that_is_trained_whole() -> None:
    work = made(
        {"zero_optimization": {"stage": 3}, "train_micro_batch_size_per_gpu": 2, "gradient_accumulation_steps": 2}
    )
    assert (work.counts.total, work.counts.trainable, work.counts.adapter) == (TOTAL, TOTAL, 0)
    assert (work.counts.embedding, work.counts.table) == (2 * 32000 * 4096, 32000 * 4096)
    assert (work.ranks.data, work.ranks.per_node, work.ranks.nodes) == (16, 8, 2)
    assert (work.batch.micro, work.batch.accumulation, work.batch.sequence) == (2, 2, 2048)
    assert (work.bytes.trained, work.bytes.master, work.bytes.moments) == (2, 4, 8)
    assert work.shape.gated
    assert work.machine.usable == pytest.approx(79 * 2**30, rel=0.01)


def test_an_adapter() -> None:
    work = made({"zero_optimization": {"stage": 2}}, model=f", {LORA}", stage=2)
    assert (work.counts.trainable, work.counts.adapter, work.counts.frozen) == (ADAPTER, ADAPTER, TOTAL)
    assert not work.trains_everything
    # Behind a dropout each of two adapters keeps what it reads and a mask, and what its first matrix made of it.
    assert work.saved.adapter == 2 * 4096 * 3 + 2 * 8 * 2


def test_four_bits() -> None:
    adapter = LORA.replace("kind: lora", "kind: qlora")
    work = made({"zero_optimization": {"stage": 2}}, model=f", {adapter}", stage=2)
    assert work.counts.quantised == LINEAR
    assert work.bytes.quantised == pytest.approx(0.516, abs=0.001)  # QLoRA, section 3: 0.5 bytes and 0.127 bits


@pytest.mark.parametrize(("optimizer", "moments"), [("adamw", 8), ("adamw_8bit", 2), ("lion", 4)])
def test_what_an_optimizer_remembers(optimizer: str, moments: float) -> None:
    assert made({"zero_optimization": {"stage": 1}}, optimizer=optimizer).bytes.moments == moments


def test_deepspeeds_values_are_those_that_will_be_written() -> None:
    zero = {
        "stage": 3, "offload_optimizer": {"device": "cpu"}, "offload_param": {"device": "nvme", "pin_memory": True},
        "reduce_bucket_size": 7, "stage3_prefetch_bucket_size": 8, "stage3_max_live_parameters": 9,
        "stage3_max_reuse_distance": 10, "sub_group_size": 11, "overlap_comm": True,
    }  # fmt: skip
    sharding = made({"zero_optimization": zero, "communication_data_type": "fp32"}).sharding
    assert (sharding.stage, sharding.offload_optimizer, sharding.offload_param) == (3, "cpu", "nvme")
    assert (sharding.reduce_bucket, sharding.prefetch_bucket, sharding.max_live, sharding.max_reuse) == (7, 8, 9, 10)
    assert (sharding.sub_group, sharding.overlap, sharding.communication, sharding.pin_memory) == (11, True, 4, True)


def test_what_is_left_out_is_deepspeeds_default() -> None:
    sharding = made({"zero_optimization": {"stage": 3}}).sharding
    assert (sharding.reduce_bucket, sharding.max_live, sharding.offload_param) == (500_000_000, 1_000_000_000, "none")


@pytest.mark.parametrize(("stage", "master"), [(0, 0), (1, 4), (2, 4), (3, 0)])
def test_fp32_has_a_second_copy_in_two_stages_only(stage: int, master: float) -> None:
    assert made({"zero_optimization": {"stage": stage}}, dtype="fp32", stage=stage).bytes.master == master


def test_preferences_are_two_answers_and_perhaps_two_models() -> None:
    changes = {"task": "dpo", "format": "preference", "more": "preference: {beta: 0.1}"}
    settings = {"zero_optimization": {"stage": 3}}
    assert made(settings, **changes).batch.copies == 2
    assert made(settings, **changes).reference
    assert not made(settings, **changes, model=f", {LORA}").reference


def test_a_fused_loss_and_checkpointing() -> None:
    settings = {"zero_optimization": {"stage": 3}}
    plain = made(settings, training=", gradient_checkpointing: false")
    less = made(settings, training=", gradient_checkpointing: true", model=", use_liger_kernel: true")
    assert (plain.recompute.checkpointing, less.recompute.checkpointing) == ("none", "full")
    assert (plain.recompute.loss, less.recompute.loss) == (12, 0)
    assert less.saved.attention < plain.saved.attention
    assert forecast(less).device.need.expected < forecast(plain).device.need.expected


def test_what_is_not_known_has_no_forecast() -> None:
    experiment = read(SPEC.format(**DEFAULTS))
    assert workload_of(experiment, gather(Path("/nowhere")), "lab", {}) is None
