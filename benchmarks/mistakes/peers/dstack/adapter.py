"""`dstack apply -f`: what it does with the file before it asks a server."""

from __future__ import annotations

import json
from typing import Any

from dstack._internal.cli.services.configurators import load_apply_configuration


def parse(config: str) -> dict[str, Any]:
    """Load the configuration as the command does."""
    _, read = load_apply_configuration(config)
    given: dict[str, Any] = json.loads(read.model_dump_json())
    return given
