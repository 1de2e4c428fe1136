"""`trl sft --config`: the command up to the launch, then what each worker makes of the file before it loads a model."""

from __future__ import annotations

from typing import Any

from trl import get_peft_config
from trl.cli import accelerate_launcher
from trl.cli.main import main
from trl.scripts.sft import make_parser


def parse(config: str) -> dict[str, Any]:
    """Parse in the command and in the worker, without the launch between them."""
    launch = accelerate_launcher.launch_training_script
    accelerate_launcher.launch_training_script = lambda **given: launch(**given, launch_command_fn=lambda _: None)
    main(["sft", "--config", config])
    parts = make_parser().parse_args_and_config(["--config", config], fail_with_unknown_args=False)
    adapter = get_peft_config(parts[2])
    return {key: value for part in parts for key, value in vars(part).items()} | {"adapter": vars(adapter)}
