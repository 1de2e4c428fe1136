"""`axolotl train`: how it reads and validates the file, told that it stands on an A100."""

from __future__ import annotations

from typing import Any

import yaml
from axolotl.utils.config import validate_config
from axolotl.utils.dict import DictDefault
from transformers.integrations.deepspeed import HfTrainerDeepSpeedConfig

GPU = {"bf16": True, "fp8": False, "tf32": True, "n_gpu": 1, "compute_capability": "sm_80"}


def parse(config: str) -> dict[str, Any]:
    """Do what load_cfg() does, without starting NCCL, up to where it fetches the model's config."""
    with open(config, encoding="utf-8") as file:
        given = DictDefault(yaml.safe_load(file))
    read: dict[str, Any] = validate_config(given, GPU, {"torch_version": "2.13.0"}).to_dict()
    return read | {"deepspeed": HfTrainerDeepSpeedConfig(read["deepspeed"]).config}
