"""comms_logger cannot be switched off by `enabled: false`.

Why: DeepSpeed logs every collective as soon as the section stands there, whatever it says, and each log is a barrier.
Fix: remove the section to switch the log off; write enabled: true to have it.
Source: deepspeed 0.19.8, deepspeed/comm/config.py:24, measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.analysis.deepspeed_values import given
from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment

CODE, SEVERITY = "LLM242", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for the section that says it is off."""
    enabled = given(experiment, "comms_logger.enabled")
    if enabled and enabled.value is False:
        yield Problem(enabled.path, "comms_logger is on as soon as it stands there, enabled: false too")
