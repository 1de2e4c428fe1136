"""What we write for DeepSpeed, held against DeepSpeed: its own classes, and the table of its keys against those."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmc.compiler import checks
from llmc.compiler.facts.deepspeed_keys import keys_of
from llmc.compiler.facts.stack import default_stack
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import compile_spec

ROOT = Path(__file__).parents[2]
SPECS = [*sorted((ROOT / "tests/cases/ok").glob("*.yaml")), *sorted((ROOT / "experiments").glob("*/experiment.yaml"))]
VERSION = default_stack().versions["deepspeed"]


def configs(spec: Path, *overrides: str) -> list[dict[str, Any]]:
    (bundle,) = compile_spec(spec, spec.name, Report(), None, overrides)
    return [json.loads(text) for path, text in bundle.files.items() if path.endswith("/deepspeed.json")]


def keys(value: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, child in value.items():
        yield prefix + name
        if isinstance(child, dict):
            yield from keys(child, f"{prefix}{name}.")


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: f"{path.parent.name}-{path.stem}")
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
def test_every_key_we_write_exists(spec: Path, stage: int) -> None:
    text = spec.read_text()
    # What stands in deepspeed.config, or what a quantized model allows, belongs to the spec's own stage.
    free = "deepspeed:" in text and "config:" not in text and spec.stem != "lora-of-quantized"
    overrides = [f"deepspeed.zero_stage={stage}"] if free else []
    table = keys_of(VERSION)
    for config in configs(spec, *overrides):
        assert [key for key in keys(config) if not table.knows(key) or table.removed(key)] == []


@pytest.mark.slow
@pytest.mark.parametrize("stage", [0, 1, 2, 3])
@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_deepspeed_reads_what_we_meant(stage: int, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from deepspeed.runtime.config import DeepSpeedConfig

    logging.getLogger("DeepSpeed").setLevel(logging.ERROR)
    spec = ROOT / "tests/cases/ok/sft-lora.yaml"
    monkeypatch.setattr("deepspeed.runtime.config.dist.get_rank", lambda *_: 0)
    monkeypatch.setattr("deepspeed.runtime.config.dist.get_world_size", lambda *_: 4)
    config = configs(spec, f"deepspeed.zero_stage={stage}", f"model.dtype={dtype}")[0]
    read = DeepSpeedConfig(config)
    # The spec's own words: batch 16 in micro batches of 2 on 4 ranks.
    assert (read.train_batch_size, read.train_micro_batch_size_per_gpu, read.gradient_accumulation_steps) == (16, 2, 2)
    assert read.zero_config.stage == stage
    assert read.bfloat16_config.enabled == (dtype == "bf16")
    assert read.gradient_clipping == 1.0
    assert read.optimizer_name == "adamw"
    assert read.optimizer_params["lr"] == 1e-5


def test_a_section_without_keys_changes_nothing() -> None:
    (config,) = configs(ROOT / "tests/cases/ok/deepspeed-stage-0.yaml")
    assert config["zero_optimization"] == {"stage": 0}


def test_what_is_offloaded_is_written_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "run", lambda *_: None)  # the runtime cannot run it yet (LLM406)
    (config,) = configs(ROOT / "tests/cases/later/deepspeed-offload.yaml")
    assert config["zero_force_ds_cpu_optimizer"] is True
    assert config["zero_optimization"]["offload_optimizer"] == {
        "device": "nvme", "nvme_path": "/local_nvme", "pin_memory": False, "buffer_count": 5, "pipeline_read": True,
    }  # fmt: skip
    assert config["zero_optimization"]["offload_param"] == {
        "device": "nvme", "nvme_path": "/local_nvme", "pin_memory": False, "buffer_size": 200_000_000,
    }  # fmt: skip
    (config,) = configs(ROOT / "tests/cases/later/deepspeed-lion.yaml")
    assert config["zero_optimization"]["offload_optimizer"] == {"device": "cpu", "pin_memory": True}


def test_muon_gets_whole_gradients_at_zero_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "run", lambda *_: None)
    spec = ROOT / "tests/cases/later/deepspeed-muon.yaml"
    assert configs(spec, "deepspeed.config=null")[0]["zero_optimization"]["reduce_scatter"] is False
    (config,) = configs(spec, "deepspeed.config=null", "deepspeed.zero_stage=2")
    assert "reduce_scatter" not in config["zero_optimization"]
