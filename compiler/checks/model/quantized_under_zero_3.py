"""ZeRO stage 3 shares quantized weights among ranks only if they are packed in the number format of the model.

Why: otherwise every rank holds all of them, so the job takes more memory than without quantization, and 8-bit weights
come out wrong.
Fix: set quant_storage to model.dtype, or use ZeRO stage 2 or lower.
Source: huggingface/peft issues 2016, 1844 and 1566; PEFT's guide to DeepSpeed: bnb_4bit_quant_storage = torch_dtype.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.model import EightBit, FourBit, QLora

CODE, SEVERITY = "LLM220", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Compare the storage with the number format, under stage 3 alone."""
    model = experiment.model
    if experiment.deepspeed is None or experiment.deepspeed.zero_stage != 3:
        return
    if isinstance(model.quantization, EightBit):
        message = "8-bit weights cannot be shared among ranks by ZeRO stage 3"
        yield Problem("model.quantization", message, help="use ZeRO stage 2", related=("deepspeed.zero_stage",))
    packed = model.adapter if isinstance(model.adapter, QLora) else model.quantization
    if isinstance(packed, (QLora, FourBit)) and packed.quant_storage != model.dtype:
        section = "adapter" if isinstance(packed, QLora) else "quantization"
        yield Problem(
            f"model.{section}.quant_storage",
            f"4-bit weights packed as {packed.quant_storage} are not shared among ranks by ZeRO stage 3",
            help=f"set quant_storage: {model.dtype}",
            related=("deepspeed.zero_stage", "model.dtype"),
        )
