"""`oumi train -c`: how it reads and validates the file."""

from __future__ import annotations

import dataclasses
from typing import Any

from oumi.core.configs import TrainingConfig


def parse(config: str) -> dict[str, Any]:
    """Read the file as the command does, up to its own validation and the arguments it gives to the trainer."""
    read = TrainingConfig.from_yaml_and_arg_list(config, [])
    read.finalize_and_validate()
    return dataclasses.asdict(read)
