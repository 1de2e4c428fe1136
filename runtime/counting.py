"""`python -m llmc.runtime.counting`: counts the parameters of the model that a config.json on standard input describes.

`llmc lock` asks it where it knows no architecture by that name. The model is built on torch's meta device: classes and
shapes, no weights, no network. Code that a model brings itself is never run.
"""

import json
import sys
from pathlib import Path
from typing import Any

SPARE = 4 * 2**30  # bytes that a model's class may take beyond the libraries themselves; shapes alone take megabytes
NOT_SHAPE = ("auto_map", "quantization_config", "attn_implementation", "_attn_implementation")


def main() -> int:
    """Print one line of JSON: `total` and `by`, or `why` there is no number, with status 1."""
    config = json.load(sys.stdin)
    try:
        answer: dict[str, Any] = count(config)
    except Exception as error:  # whatever a class does with values that it was not made for
        said = str(error).strip().partition("\n")[0]
        answer = {"why": f"{type(error).__name__}: {said}"[:200]}
    print(json.dumps(answer))
    return 0 if "total" in answer else 1


def count(config: dict[str, Any]) -> dict[str, Any]:
    """Build the model without weights and count its parameters, tied ones once."""
    import torch
    import transformers
    from transformers import AutoConfig, AutoModelForCausalLM

    _limit_memory()
    shape = {name: value for name, value in config.items() if name not in NOT_SHAPE}
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**shape), trust_remote_code=False)
    total = sum(weight.numel() for weight in model.parameters())
    return {"total": total, "by": f"transformers {transformers.__version__}"}


def _limit_memory() -> None:
    """Keep a config.json of absurd numbers from taking the machine's memory, where the system can."""
    try:
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        return
    resource.setrlimit(resource.RLIMIT_AS, (used + SPARE, used + SPARE))


if __name__ == "__main__":
    sys.exit(main())
