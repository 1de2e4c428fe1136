"""What a spec sets in DeepSpeed's configuration, by the key that DeepSpeed has for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

ROOT = "deepspeed.config"


@dataclass(frozen=True, slots=True)
class Setting:
    """A value for DeepSpeed; `path` is the key of the spec that sets it."""

    value: Any
    path: str


def stage_of(experiment: Experiment) -> int | None:
    """Give the ZeRO stage; None where no DeepSpeed takes part."""
    return experiment.deepspeed.zero_stage if experiment.deepspeed else None


def given(experiment: Experiment, key: str) -> Setting | None:
    """Give what the spec sets at a key of DeepSpeed's, null included; None where it says nothing of it."""
    value: Any = experiment.deepspeed.config if experiment.deepspeed else None
    if value is None:
        return None
    for step in key.split("."):
        if not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    return Setting(value, f"{ROOT}.{key}")


def value_of(experiment: Experiment, facts: Facts, key: str) -> Any:
    """Give what DeepSpeed will find at a key: what the spec sets, else DeepSpeed's default."""
    setting = given(experiment, key)
    return setting.value if setting else facts.deepspeed_keys.default(key)


def set_keys(experiment: Experiment) -> Iterator[tuple[str, Any]]:
    """Give every key that deepspeed.config sets, sections before what stands in them, with its value."""
    if experiment.deepspeed and experiment.deepspeed.config:
        yield from _below(experiment.deepspeed.config, "")


def _below(section: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in section.items():
        yield prefix + name, value
        if isinstance(value, dict):
            yield from _below(value, f"{prefix}{name}.")
