"""Writes schemas/catalog/architectures.json from the installed transformers; a test holds the file to it.

python tests/golden/architectures.py
"""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from llmc.compiler.facts.architectures import blocks, families

FILE = Path(__file__).parents[2] / "schemas/catalog/architectures.json"


def architectures() -> dict[str, Any]:
    """Give every known model type's family, its own names for keys, and its defaults."""
    rows = {name: row(family, name) for family in families() for name in family.TYPES}
    return dict(sorted(rows.items()))


def row(family: ModuleType, name: str) -> dict[str, Any]:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    kind = CONFIG_MAPPING[name]
    read = names(family) | names(blocks)
    fields = {field.name: field.default for field in dataclasses.fields(kind) if field.name in read}
    # A default of null is the same as none: what follows from it is in the family's own file.
    defaults = {key: value for key, value in fields.items() if isinstance(value, (int, str))}
    # Either side may be the one that the class has as a field.
    pairs = (pair if pair[1] in fields else pair[::-1] for pair in kind.attribute_map.items())
    aliases = {other: own for other, own in pairs if own in fields}
    found = {"family": family.__name__.rpartition(".")[2], "aliases": dict(sorted(aliases.items()))}
    return {**found, "defaults": dict(sorted(defaults.items())), "fused": fused(name)}


def fused(name: str) -> str | None:
    """Give the table by which PEFT renames targets of a model whose experts became one weight in transformers 5."""
    from peft.utils import transformers_weight_conversion as peft

    table = peft._MODEL_TO_CONVERSION_PATTERN.get(name)
    converted = table in peft._MOE_FUSED_TARGETS and peft.get_checkpoint_conversion_mapping(name) is not None
    return table if converted else None


def fused_tables() -> dict[str, Any]:
    from peft.utils import transformers_weight_conversion as peft

    return dict(sorted(peft._MOE_TARGET_MODULE_MAPPING.items()))


def names(module: ModuleType) -> set[str]:
    """Give every name in quotes in a module's code: the keys that it reads are among them."""
    return set(re.findall(r'"([a-z_0-9]+)"', Path(module.__file__ or "").read_text()))


def page() -> str:
    """Give the file's text: one line for each type."""
    import peft
    import transformers

    source = (
        f"the classes of transformers {transformers.__version__}: the fields' defaults and attribute_map, as "
        f"far as compiler/facts/architectures reads them. Fused targets: PEFT {peft.__version__}, "
        "utils/transformers_weight_conversion.py:270-288."
    )
    head = {"source": source, "date": "2026-11-24", "fused": fused_tables()}
    rows = (f"    {json.dumps(name)}: {json.dumps(about)}" for name, about in architectures().items())
    lines = (f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items())
    return "{\n" + "".join(lines) + '  "types": {\n' + ",\n".join(rows) + "\n  }\n}\n"


if __name__ == "__main__":
    FILE.write_text(page())
