"""The table of DeepSpeed's keys against DeepSpeed's own classes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import pytest

from llmc.compiler.checks.deepspeed.value import misfit
from llmc.compiler.facts.deepspeed_keys import Row, keys_of
from llmc.compiler.facts.stack import default_stack

VERSION = default_stack().versions["deepspeed"]
TABLE = keys_of(VERSION)
SAMPLES = [
    None, True, False, 0, 1, 2, -1, 5_000_001, 0.5, 1.0, 1.5, -0.5, 5e8, "", "x", "5e8", "10", "true", "cpu", "nvme",
    "none", "auto-ish", [], ["a"], [1], {}, {"a": 1},
]  # fmt: skip
# Where our table is narrower than the type of DeepSpeed's field: it refuses true for 1, what a validator of DeepSpeed
# refuses, and what goes wrong later.
NARROWER = {
    "zero_optimization.stage": [True, False],
    "zero_optimization.offload_optimizer.cpuadam_cores_perc": [0],
    "fp16.loss_scale": [-1, -0.5],
    "fp16.initial_scale_power": [-1, 5_000_001],
    "fp16.hysteresis": [0, -1],
    "fp16.loss_scale_window": [0, -1],
    "fp16.min_loss_scale": [0, -1],
    "comms_logger.prof_ops": [[1]],
}


def sections() -> dict[str, Any]:
    """DeepSpeed's classes by the section that they read."""
    from deepspeed.comm.config import CommsLoggerConfig
    from deepspeed.monitor import config as monitor
    from deepspeed.runtime import precision_config
    from deepspeed.runtime.zero import config as zero
    from deepspeed.runtime.zero import offload_config as offload
    from deepspeed.runtime.zero.leaf_module_config import DeepSpeedZeroLeafModuleConfig
    from deepspeed.utils.config import DeepSpeedThroughputTimerConfig

    return {
        "zero_optimization": zero.DeepSpeedZeroConfig,
        "zero_optimization.offload_param": offload.DeepSpeedZeroOffloadParamConfig,
        "zero_optimization.offload_optimizer": offload.DeepSpeedZeroOffloadOptimizerConfig,
        "zero_optimization.leaf_module": DeepSpeedZeroLeafModuleConfig,
        "fp16": precision_config.DeepSpeedFP16Config,
        "bf16": precision_config.DeepSpeedBF16Config,
        "comms_logger": CommsLoggerConfig,
        "tensorboard": monitor.TensorBoardConfig,
        "wandb": monitor.WandbConfig,
        "comet": monitor.CometConfig,
        "csv_monitor": monitor.CSVConfig,
        "timers.throughput": DeepSpeedThroughputTimerConfig,
    }


def rows() -> Iterator[tuple[Row, Any, Any]]:
    """Every row of a section that a class reads, with the class and its field."""
    for section, model in sections().items():
        for name, field in model.model_fields.items():
            row = TABLE.row(f"{section}.{field.alias or name}")
            assert row, f"{section}.{name} is not in the table"
            assert row.get("internal") == (name if field.alias else None)
            yield row, model, field


def takes(model: Any, name: str, value: Any) -> bool:
    """Whether a class accepts a value for one field; what its other fields would have to be does not count."""
    from pydantic import ValidationError

    try:
        model.model_validate({name: value})
    except ValidationError as error:
        return not any(name in part["loc"] for part in error.errors())
    except (AssertionError, TypeError):
        return False
    return True


@pytest.mark.slow
def test_it_is_the_table_of_the_installed_version() -> None:
    import deepspeed

    assert deepspeed.__version__ == VERSION
    below = {key.rpartition(".")[2]: key for section in sections() for key in TABLE.rows if key.startswith(section)}
    known = {name for model in sections().values() for name in model.model_fields}
    known |= {field.alias for model in sections().values() for field in model.model_fields.values()}
    sections_themselves = {section.rpartition(".")[2] for section in sections()}
    unknown = {key for name, key in below.items() if name not in known | sections_themselves}
    assert {key for key in unknown if not TABLE.removed(key)} == set()


@pytest.mark.slow
def test_defaults_are_deepspeeds() -> None:
    from deepspeed.runtime.config import DeepSpeedConfig

    for row, _, field in rows():
        if "default" in row:
            assert row["default"] == getattr(field.default, "value", field.default), row["path"]
    read = DeepSpeedConfig({"train_micro_batch_size_per_gpu": 1})
    for key, row in TABLE.rows.items():
        # Read by hand, not by a class; some are resolved to an object of torch, some derived when absent.
        if "." not in key and "default" in row and isinstance(getattr(read, key, None), (bool, float)):
            assert row["default"] == getattr(read, key), key


def takes_as_it_is(field: Any, value: Any) -> bool:
    """Whether a field's type holds for a value of JSON without any coercion."""
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    # A first annotation that says nothing: the field may have no other.
    kind = Annotated[field.annotation, "", *field.metadata]
    adapter = TypeAdapter(kind, config=ConfigDict(arbitrary_types_allowed=True))
    try:
        adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return False
    return True


def values() -> Iterator[tuple[Row, Any, Any]]:
    """The rows of single values that a spec may set, with their class and field."""
    for row, model, field in rows():
        if "object" not in row.get("type", "object") and "unused" not in row:
            yield row, model, field


@pytest.mark.slow
def test_what_deepspeed_refuses_is_refused() -> None:
    for row, model, _ in values():
        for value in SAMPLES:
            if misfit(value, row) is None:
                assert takes(model, row["path"].rpartition(".")[2], value), f"{row['path']}: {value!r}"


@pytest.mark.slow
def test_what_deepspeed_takes_without_bending_it_is_taken() -> None:
    refused: dict[str, list[Any]] = {}
    for row, _, field in values():
        for value in SAMPLES:
            if takes_as_it_is(field, value) and misfit(value, row):
                refused.setdefault(row["path"], []).append(value)
    assert refused == NARROWER
