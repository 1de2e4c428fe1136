"""`accelerate launch --config_file`: all it does before it starts a process, then the plugin that each worker makes."""

from __future__ import annotations

import os
from typing import Any

from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils import DeepSpeedPlugin
from accelerate.utils.launch import prepare_deepspeed_cmd_env


def parse(config: str) -> dict[str, Any]:
    """Follow launch_command() for DeepSpeed, up to the launch."""
    given = launch_command_parser().parse_args(["--config_file", config, "train.py"])
    arguments, defaults, _ = _validate_launch_command(given)
    arguments.deepspeed_fields_from_accelerate_config = ",".join(defaults.deepspeed_config)
    command, variables = prepare_deepspeed_cmd_env(arguments)
    os.environ.update(variables)
    plugin = DeepSpeedPlugin()
    return {**vars(arguments), "command": command, "plugin": plugin.deepspeed_config}
