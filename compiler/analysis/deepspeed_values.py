"""What a spec sets in DeepSpeed's configuration, by the key that DeepSpeed has for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.limits import show

ROOT = "deepspeed.config"

# Keys of the language, below `deepspeed`, and the ones of DeepSpeed that they set.
NAMED = {
    "offload.optimizer": ("zero_optimization.offload_optimizer.device",),
    "offload.param": ("zero_optimization.offload_param.device",),
    "offload.nvme_path": (
        "zero_optimization.offload_optimizer.nvme_path",
        "zero_optimization.offload_param.nvme_path",
    ),
    "offload.pin_memory": (
        "zero_optimization.offload_optimizer.pin_memory",
        "zero_optimization.offload_param.pin_memory",
    ),
    "reduce_bucket_size": ("zero_optimization.reduce_bucket_size",),
    "allgather_bucket_size": ("zero_optimization.allgather_bucket_size",),
    "overlap_comm": ("zero_optimization.overlap_comm",),
}
_READ = {name: attrgetter(name) for name in NAMED}
_NAME_OF = {key: name for name, keys in NAMED.items() for key in keys}
# What they are where the spec leaves them out.
_UNSET = {"offload.optimizer": "none", "offload.param": "none", "offload.pin_memory": True}


@dataclass(frozen=True, slots=True)
class Setting:
    """A value for DeepSpeed; `path` is the key of the spec that sets it."""

    value: Any
    path: str


def name_of(key: str) -> str:
    """Give the key of the spec by which a key of DeepSpeed's is set."""
    return f"deepspeed.{_NAME_OF[key]}" if key in _NAME_OF else f"{ROOT}.{key}"


def stage_of(experiment: Experiment) -> int | None:
    """Give the ZeRO stage; None where no DeepSpeed takes part."""
    return experiment.deepspeed.zero_stage if experiment.deepspeed else None


def offloaded(experiment: Experiment, part: str) -> Setting | None:
    """Give where the `optimizer` or the `param`s are offloaded to; None where they stay on the accelerator."""
    device = given(experiment, f"zero_optimization.offload_{part}.device")
    return device if device and device.value in ("cpu", "nvme") else None


def given(experiment: Experiment, key: str) -> Setting | None:
    """Give what the spec sets at a key of DeepSpeed's, by a key of the language or in deepspeed.config.

    None where it says nothing of it; in deepspeed.config a null says something.
    """
    if experiment.deepspeed is None:
        return None
    if experiment.deepspeed.config and (setting := configured(experiment, key)):
        return setting
    if key not in _NAME_OF:
        return None
    name = _NAME_OF[key]
    value = _READ[name](experiment.deepspeed)
    return None if value == _UNSET.get(name) else Setting(value, name_of(key))


def configured(experiment: Experiment, key: str) -> Setting | None:
    """Give what deepspeed.config sets at a key, null included; None where it has no such key."""
    value: Any = experiment.deepspeed.config if experiment.deepspeed else None
    for step in key.split("."):
        if not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    return Setting(value, f"{ROOT}.{key}")


def value_of(experiment: Experiment, facts: Facts, key: str) -> Any:
    """Give what DeepSpeed will find at a key: what the spec sets, else DeepSpeed's default."""
    setting = given(experiment, key)
    return setting.value if setting else facts.deepspeed_keys.default(key)


def idle(experiment: Experiment, facts: Facts, key: str) -> str | None:
    """Say what a key needs and the spec does not have; None where the key has an effect."""
    for needed, wanted in facts.deepspeed_keys.row(key).get("when", {}).items():
        name, actual = _found(experiment, facts, needed)
        if actual not in wanted:
            return f"it needs {name} {' or '.join(show(value) for value in wanted)}, which is {show(actual)}"
    return None


def _found(experiment: Experiment, facts: Facts, needed: str) -> tuple[str, Any]:
    if needed == "zero_stage":
        return "deepspeed.zero_stage", stage_of(experiment)
    if needed == "dtype":
        return "model.dtype", experiment.model.dtype
    return name_of(needed), value_of(experiment, facts, needed)


def named_keys(experiment: Experiment) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give each key of the language that sets something for DeepSpeed, with the keys that it sets there."""
    for name, keys in NAMED.items() if experiment.deepspeed else ():
        if _READ[name](experiment.deepspeed) != _UNSET.get(name):
            yield f"deepspeed.{name}", keys


def config_keys(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    """Give every key that deepspeed.config sets, sections before what stands in them, with its value."""
    if experiment.deepspeed and experiment.deepspeed.config:
        yield from _below(experiment.deepspeed.config, "")


def _below(section: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in section.items():
        yield prefix + name, value
        if isinstance(value, dict):
            yield from _below(value, f"{prefix}{name}.")
