"""How many parameters a model has, from the headers of its weight files: nothing of the weights themselves is read.

Source: the safetensors format (huggingface.co/docs/safetensors): eight bytes of length, then a JSON header with every
tensor's shape and place. transformers save tied weights once, and since 5.0 write total_parameters into the index.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmc import schemas
from llmc.compiler.locking.content import json_of
from llmc.compiler.locking.place import File, Place
from llmc.compiler.locking.trouble import BROKEN, Trouble

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
# The format's own limit (safetensors 0.8, MAX_HEADER_SIZE).
LONGEST_HEADER = 100_000_000
_OTHER_WEIGHTS = re.compile(r"(pytorch_model.*\.bin|.*\.gguf|tf_model\.h5|flax_model\.msgpack|consolidated\..*)")
_LFS_POINTER = b"version https://git-lfs"

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's weight files, how many parameters they hold and where that number comes from, or why there is none."""

    files: tuple[File, ...]
    total: int | None
    origin: str


def weights_of(place: Place, files: Mapping[str, File], config: Mapping[str, Any]) -> Weights:
    """Find a model's weights and count its parameters. Raises Trouble for a file that is not whole."""
    if SINGLE in files:
        shapes = read_shapes(place, files[SINGLE])
        return Weights((files[SINGLE],), *_count(shapes, config, f"the header of {SINGLE}"))
    if INDEX in files:
        return _sharded(place, files, config)
    other = tuple(file for name, file in files.items() if _OTHER_WEIGHTS.fullmatch(name))
    named = f"its weights are {other[0].name}" if other else "it has no weights"
    return Weights(other, None, f"unknown: {named}, and parameters are counted in safetensors alone")


def _sharded(place: Place, files: Mapping[str, File], config: Mapping[str, Any]) -> Weights:
    index = json_of(place, files[INDEX])
    names = sorted({name for name in index.get("weight_map", {}).values() if isinstance(name, str)})
    if missing := [name for name in names if name not in files]:
        raise Trouble(BROKEN, f"{place.path(missing[0])} is missing, one of {len(names)} files that {INDEX} names")
    shards = tuple(files[name] for name in names)
    total = (index.get("metadata") or {}).get("total_parameters")
    if isinstance(total, int) and total > 0:
        return Weights(shards, total, f"total_parameters of {INDEX}")
    shapes: Shapes = {}
    for shard in shards:
        shapes |= read_shapes(place, shard)
    return Weights(shards, *_count(shapes, config, f"the headers of {len(shards)} safetensors files"))


def read_shapes(place: Place, file: File) -> Shapes:
    """Give the shape of every tensor in a safetensors file, of its header. Raises Trouble."""
    shown = place.path(file.name)
    start = place.read(file, 0, min(file.size, 64))
    if start.startswith(_LFS_POINTER):
        raise Trouble(BROKEN, f"{shown} is Git LFS's note of a file, not the file", "run `git lfs pull` there")
    length = int.from_bytes(start[:8], "little")
    if len(start) < 8 or not 2 <= length <= min(LONGEST_HEADER, file.size - 8):
        said = f"claims a header of {length:,} bytes" if len(start) >= 8 else "has no header"
        raise Trouble(BROKEN, f"{shown} is no whole safetensors file: it has {file.size:,} bytes and {said}")
    header = json_of(place, file, 8, length)
    tensors = {name: about for name, about in header.items() if name != "__metadata__"}
    try:
        end = max((int(about["data_offsets"][1]) for about in tensors.values()), default=0)
        shapes = {name: tuple(int(size) for size in about["shape"]) for name, about in tensors.items()}
    except (TypeError, KeyError, IndexError, ValueError, AttributeError):
        shapes, end = {"": (-1,)}, 0
    if any(size < 0 for shape in shapes.values() for size in shape):
        raise Trouble(BROKEN, f"the header of {shown} does not describe tensors")
    if 8 + length + end != file.size:
        whole = f"its header speaks of {8 + length + end:,} bytes"
        raise Trouble(BROKEN, f"{shown} has {file.size:,} bytes, and {whole}", "download or copy it again")
    return shapes


def _count(shapes: Shapes, config: Mapping[str, Any], origin: str) -> tuple[int | None, str]:
    if method := (config.get("quantization_config") or {}).get("quant_method"):
        return None, f"unknown: the weights are packed by {method}"
    buffers = [re.compile(row["pattern"]) for row in schemas.load("catalog/saved_buffers.json")["buffers"]]
    own = {name: shape for name, shape in shapes.items() if not any(found.search(name) for found in buffers)}
    if config.get("tie_word_embeddings") is True and _twice(own):
        del own["lm_head.weight"]
        origin += ", tied weights once"
    return sum(math.prod(shape) for shape in own.values()), origin


def _twice(shapes: Shapes) -> bool:
    """Whether tied embeddings were saved under both of their names."""
    inputs = [shape for name, shape in shapes.items() if name.endswith(("embed_tokens.weight", "wte.weight"))]
    return len(inputs) == 1 and shapes.get("lm_head.weight") == inputs[0]
