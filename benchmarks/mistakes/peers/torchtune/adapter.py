"""`tune validate`, its own check of a config."""

from __future__ import annotations

from typing import Any

from omegaconf import OmegaConf
from torchtune._cli.tune import TuneCLIParser


def parse(config: str) -> dict[str, Any]:
    """Run the command, then read the file as its recipes do."""
    parser = TuneCLIParser()
    parser.run(parser._parser.parse_args(["validate", config]))
    read: dict[str, Any] = OmegaConf.to_container(OmegaConf.load(config), resolve=True)
    return read
