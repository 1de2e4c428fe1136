"""Writes schemas/catalog/model_layers.json from the installed libraries; a test holds the file to it.

DS_ACCELERATOR=cpu python tests/golden/model_layers.py
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "schemas/catalog/model_layers.json"
LAYERS = ("Linear", "Conv1D", "nn.Embedding")


def model_layers() -> dict[str, Any]:
    """Give the layers of every causal language model that its default configuration can build."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    found = {name: about(name) for name in sorted(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)}
    return {name: row for name, row in found.items() if row}


def about(name: str) -> dict[str, Any] | None:
    """Build the model without memory; None where the defaults of its configuration do not fit each other."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    try:
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(CONFIG_MAPPING[name]())
    except Exception as error:  # whatever a configuration's defaults lead to
        print(f"{name}: {type(error).__name__}", file=sys.stderr)
        return None
    return {
        "layers": layers(model),
        "embedding": leaf(model, model.get_input_embeddings()),
        "head": leaf(model, model.get_output_embeddings()),
        "experts": experts(model),
        "tensor": {"training": not_trained_in_shares(model), "inference": not_parsed(model)},
        "kernels": has_kernels(model),
    }


def layers(model: Any) -> list[str]:
    """The names of its layers, and of those that another configuration would give it."""
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    kinds = (nn.Linear, nn.Embedding, Conv1D)
    built = {name.split(".")[-1] for name, module in model.named_modules() if isinstance(module, kinds)}
    files = {inspect.getfile(type(module)) for module in model.modules() if "transformers" in type(module).__module__}
    written = {name for file in files for name in assigned(ast.parse(Path(file).read_text()))}
    return sorted(name for name in built | written if not name.isdigit())


def assigned(tree: ast.Module) -> Iterator[str]:
    """Attributes that hold a layer under some condition: `self.q_proj = nn.Linear(...) if ... else None`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            calls = (part.func for part in ast.walk(node.value) if isinstance(part, ast.Call))
            if any(ast.unparse(call).endswith(LAYERS) for call in calls):
                yield node.targets[0].attr


def leaf(model: Any, wanted: Any) -> str | None:
    """The last part of a module's name."""
    return next((name.split(".")[-1] for name, module in model.named_modules() if module is wanted), None)


def experts(model: Any) -> str | None:
    """How it holds experts: `whole` in one weight for all of them, `apart` in a list of modules, or none."""
    from torch import nn

    if any(name.endswith("experts") and isinstance(module, nn.ModuleList) for name, module in model.named_modules()):
        return "apart"
    fused = any("expert" in name and weight.dim() == 3 for name, weight in model.named_parameters())
    return "whole" if fused else None


def not_trained_in_shares(model: Any) -> str | None:
    """Why DeepSpeed cannot share its layers in training, as runtime/engine.py decides it."""
    from deepspeed.module_inject.tp_plan_converter import SUPPORTED_STYLES
    from deepspeed.runtime.tensor_parallel.config import _get_hf_tp_plan

    if not (plan := _get_hf_tp_plan(model)):
        return not_parsed(model)
    unknown = sorted({style for style in plan.values() if style.lower() not in SUPPORTED_STYLES})
    return f"its tensor parallel plan has {', '.join(unknown)}, which DeepSpeed does not know" if unknown else None


def not_parsed(model: Any) -> str | None:
    """Why DeepSpeed's own parser finds no layers to share."""
    from deepspeed.module_inject.auto_tp import AutoTP

    try:
        AutoTP.tp_parser(model)
    except AssertionError as refusal:
        return str(refusal).partition(". ")[0]
    except TypeError as bug:
        return f"DeepSpeed's parser fails on it: {bug}"
    return None


def has_kernels(model: Any) -> bool:
    """Whether one of DeepSpeed's policies finds what it takes its kernels' weights from."""
    from deepspeed.module_inject.replace_policy import replace_policies

    for policy in replace_policies:
        policy(None)
        known = policy._orig_layer_class
        for module in model.modules():
            if type(module) in (known if isinstance(known, list) else [known]):
                return readable(policy(module, inference=True))
    return False


def readable(policy: Any) -> bool:
    try:
        for part in (policy.get_hidden_heads, policy.attention, policy.mlp, policy.layernorm):
            part()
    except AttributeError:  # transformers renamed what it looks for
        return False
    return True


def page() -> str:
    """Give the file's text: one line for each type."""
    import deepspeed
    import transformers

    source = (
        f"the models of MODEL_FOR_CAUSAL_LM_MAPPING in transformers {transformers.__version__}, built by their default "
        "configurations. layers: linear layers and embeddings by name, those included that only other configurations "
        "have. experts: whole where one weight holds all of a layer's. tensor: why deepspeed "
        f"{deepspeed.__version__.partition('+')[0]} cannot share the layers among ranks. kernels: whether it has some "
        "of its own for them."
    )
    rows = (f"    {json.dumps(name)}: {json.dumps(row)}" for name, row in model_layers().items())
    head = f'{{\n  "source": {json.dumps(source)},\n  "date": "2026-11-24",\n  "types": {{\n'
    return head + ",\n".join(rows) + "\n  }\n}\n"


if __name__ == "__main__":
    FILE.write_text(page())
