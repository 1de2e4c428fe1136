"""`sky launch`: the task it makes of the file before it asks a cloud."""

from __future__ import annotations

from typing import Any

import sky


def parse(config: str) -> dict[str, Any]:
    """Read the task as the command does."""
    task = sky.Task.from_yaml(config)
    task.validate()
    given: dict[str, Any] = task.to_yaml_config()
    return given | {"envs": task.envs}
