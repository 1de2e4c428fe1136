"""`swift sft config.yaml`: the command turns the file into arguments, the worker parses them."""

from __future__ import annotations

from typing import Any

from swift.arguments import SftArguments
from swift.cli.main import parse_yaml_args
from swift.utils import parse_args


def parse(config: str) -> dict[str, Any]:
    """Follow the command into the worker's own arguments."""
    given = [config]
    parse_yaml_args(given)
    read, left = parse_args(SftArguments, given)
    if left:
        raise ValueError(f"remaining_argv: {left}")
    return vars(read)
