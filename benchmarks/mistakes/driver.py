"""Runs in a peer's own environment: hands one config to the peer's adapter and prints what came of it.

python driver.py peers/trl/adapter.py config.yaml
"""

from __future__ import annotations

import importlib.util
import json
import sys

UNDERSTOOD, REFUSED = "understood: ", "refused: "


def main() -> None:
    """Print what the peer understood, or how it refused; argparse writes its refusal itself and exits."""
    adapter, config = sys.argv[1:]
    spec = importlib.util.spec_from_file_location("adapter", adapter)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        said = UNDERSTOOD + json.dumps(module.parse(config), default=str)
    except Exception as error:
        said = REFUSED + json.dumps(f"{type(error).__name__}: {error}")
    print("\n" + said, flush=True)


if __name__ == "__main__":
    main()
