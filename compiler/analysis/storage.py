"""What a spec wants of disks."""

from __future__ import annotations

from llmc.compiler.analysis.deepspeed_values import given, offloaded
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.execution import ZeroInference


def on_nvme(experiment: Experiment) -> list[str]:
    """Give the keys that put something on NVMe."""
    inference = experiment.inference
    if isinstance(inference, ZeroInference):
        return ["inference.offload"] if inference.offload == "nvme" else []
    found = [offloaded(experiment, part) for part in ("optimizer", "param")] if experiment.deepspeed else []
    return [setting.path for setting in found if setting and setting.value == "nvme"]


def nvme_path(experiment: Experiment) -> tuple[str, str] | None:
    """Give the folder on NVMe as (key, path); None where none is given."""
    inference = experiment.inference
    if isinstance(inference, ZeroInference):
        return ("inference.nvme_path", inference.nvme_path) if inference.nvme_path else None
    for part in ("optimizer", "param"):
        setting = given(experiment, f"zero_optimization.offload_{part}.nvme_path")
        if setting and isinstance(setting.value, str):
            return setting.path, setting.value
    return None
