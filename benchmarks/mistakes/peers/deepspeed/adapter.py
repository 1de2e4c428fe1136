"""`deepspeed.initialize(config=...)`: the DeepSpeedConfig it makes of the file, alone on one rank."""

from __future__ import annotations

from typing import Any

from deepspeed.runtime.config import DeepSpeedConfig


def parse(config: str) -> dict[str, Any]:
    """Make the config object, which also does DeepSpeed's own sanity checks."""
    read = vars(DeepSpeedConfig(config))
    return read | {"zero": dict(read["zero_config"])}
