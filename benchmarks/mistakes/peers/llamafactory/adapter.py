"""`llamafactory-cli train`: how each worker reads and checks the file."""

from __future__ import annotations

import sys
from typing import Any

from llamafactory.hparams import get_train_args, read_args


def parse(config: str) -> dict[str, Any]:
    """Read the file as run_exp() does, up to the checked arguments."""
    sys.argv = ["llamafactory-cli", config]
    read = get_train_args(read_args())
    return {key: value for part in read for key, value in vars(part).items()}
