"""Writes schemas/catalog/model_types.json from the installed transformers; a test holds the file to it.

python tests/golden/model_types.py
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "schemas/catalog/model_types.json"
NAMES = (
    "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
    "vocab_size", "max_position_embeddings", "num_experts", "num_local_experts", "num_experts_per_tok",
)  # fmt: skip
DEFAULTS = ("num_key_value_heads", "head_dim", "tie_word_embeddings", "max_position_embeddings")
# Classes with one of these fields share key and value heads in a way of their own.
OWN_SHARING = {"multi_query", "num_kv_heads", "attn_config"}


def model_types() -> dict[str, Any]:
    """Give every causal language model's own names for the common keys, and what a key means that is left out."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    return {name: about(CONFIG_MAPPING[name]) for name in sorted(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)}


def about(kind: Any) -> dict[str, Any]:
    fields = {field.name: field.default for field in dataclasses.fields(kind)}
    defaults = {name: fields[name] for name in DEFAULTS if isinstance(fields.get(name), (int, bool))}
    heads = kind.attribute_map.get("num_attention_heads", "num_attention_heads")
    if fields.get("num_key_value_heads") is None and heads in fields and not OWN_SHARING & set(fields):
        defaults["num_key_value_heads"] = None
    aliases = {name: other for name, other in kind.attribute_map.items() if name in NAMES}
    return {"aliases": dict(sorted(aliases.items())), "defaults": dict(sorted(defaults.items()))}


def page() -> str:
    """Give the file's text: one line for each type."""
    import transformers

    source = (
        f"the configuration classes of MODEL_FOR_CAUSAL_LM_MAPPING in transformers {transformers.__version__}: "
        "attribute_map, and the fields' defaults. A default of null means: as many as attention heads."
    )
    rows = (f"    {json.dumps(name)}: {json.dumps(row)}" for name, row in model_types().items())
    head = f'{{\n  "source": {json.dumps(source)},\n  "date": "2026-11-24",\n  "types": {{\n'
    return head + ",\n".join(rows) + "\n  }\n}\n"


if __name__ == "__main__":
    FILE.write_text(page())
