"""`ludwig train -c`: how it reads and validates the file."""

from __future__ import annotations

import sys
from typing import Any
from unittest.mock import MagicMock

import torchmetrics  # noqa: F401 -- both before the mocks, for which they would look
import transformers  # noqa: F401

# Imported at the top, of no use to a text model; the builds that pip finds do not load beside torch for the CPU.
for name in ("io", "models", "models._api", "transforms", "transforms.functional"):
    sys.modules[f"torchvision.{name}"] = MagicMock()
for name in ("torchaudio", "torchvision"):
    sys.modules[name] = MagicMock(__version__="0")


def parse(config: str) -> dict[str, Any]:
    """Do what LudwigModel() does with its config."""
    from ludwig.schema.model_types.base import ModelConfig
    from ludwig.utils.backward_compatibility import upgrade_config_dict_to_latest_version
    from ludwig.utils.data_utils import load_yaml

    read: dict[str, Any] = ModelConfig.from_dict(upgrade_config_dict_to_latest_version(load_yaml(config))).to_dict()
    return read
