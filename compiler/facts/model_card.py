"""What is known about a model: its config.json, read as transformers would read it, and its number of parameters.

A name that a kind of model has of its own (`n_embd`) and what a key means that is left out are data:
`schemas/catalog/model_types.json`. Where neither says anything, the answer is None: not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmc import schemas
from llmc.compiler.facts.architectures import describe
from llmc.compiler.language.sections.model import Llama


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model's facts. `commit` is the hub's; `parameters` counts tied weights once; `weights_bytes` is on disk.

    `counted_from` says where `parameters` is from.
    """

    config: Mapping[str, Any]
    source: str
    commit: str | None = None
    parameters: int | None = None
    counted_from: str | None = None
    weights_bytes: int | None = None
    files: str | None = None
    generation_eos: tuple[int, ...] = ()

    @classmethod
    def of_architecture(cls, shape: Llama) -> ModelCard:
        """Give the card of a model that the spec itself describes."""
        names = (name for name in shape.__dataclass_fields__ if name != "kind")
        config = {name: getattr(shape, name) for name in names} | {"model_type": shape.kind}
        counted = describe(config)
        return cls(config, "spec", parameters=counted.total if counted else None, counted_from="the spec")

    @property
    def model_type(self) -> str | None:
        """Which architecture: `llama`, `qwen3`, ..."""
        kind = self._text.get("model_type") or self.config.get("model_type")
        return kind if isinstance(kind, str) else None

    @property
    def hidden_size(self) -> int | None:
        """How wide the model is."""
        return self._count("hidden_size")

    @property
    def intermediate_size(self) -> int | None:
        """How wide its feed-forward layers are."""
        return self._count("intermediate_size")

    @property
    def num_hidden_layers(self) -> int | None:
        """How many layers it has."""
        return self._count("num_hidden_layers")

    @property
    def num_attention_heads(self) -> int | None:
        """How many heads ask."""
        return self._count("num_attention_heads")

    @property
    def num_key_value_heads(self) -> int | None:
        """How many heads answer: fewer where heads share keys and values."""
        given = self._count("num_key_value_heads")
        follows = "num_key_value_heads" in self._type["defaults"] and given is None
        return self.num_attention_heads if follows else given

    @property
    def head_dim(self) -> int | None:
        """How wide one head is."""
        width, heads = self.hidden_size, self.num_attention_heads
        return self._count("head_dim") or (width // heads if width and heads else None)

    @property
    def vocab_size(self) -> int | None:
        """How many rows its embedding has; a tokenizer may have fewer tokens."""
        return self._count("vocab_size")

    @property
    def max_position_embeddings(self) -> int | None:
        """How many positions it was made for."""
        return self._count("max_position_embeddings")

    @property
    def num_experts(self) -> int | None:
        """How many experts a mixture has; None also where it is no mixture."""
        names = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
        return next((count for name in names if (count := self._count(name))), None)

    @property
    def num_experts_per_tok(self) -> int | None:
        """How many experts of a mixture compute one token."""
        return self._count("num_experts_per_tok")

    @property
    def tie_word_embeddings(self) -> bool | None:
        """Whether the first and the last layer share their weights."""
        value = self._get("tie_word_embeddings")
        return value if isinstance(value, bool) else None

    @property
    def dtype(self) -> str | None:
        """The number format that the weights were saved in, as transformers name it: `bfloat16`."""
        value = self.config.get("dtype") or self.config.get("torch_dtype") or self._text.get("dtype")
        return value.removeprefix("torch.") if isinstance(value, str) else None

    @property
    def rope_scaling(self) -> Mapping[str, Any] | None:
        """How rotary positions are stretched beyond those of the pre-training; None where they are not."""
        given = self._text.get("rope_scaling") or self._text.get("rope_parameters")
        if not isinstance(given, Mapping):
            return None
        # Models that mix kinds of layers have one mapping for each kind.
        each = [part for part in given.values() if isinstance(part, Mapping)] or [given]
        return next((part for part in each if _rope_type(part) not in (None, "default")), None)

    @property
    def quantization_config(self) -> Mapping[str, Any] | None:
        """How the saved weights are quantised; None where they are not."""
        value = self.config.get("quantization_config")
        return value if isinstance(value, Mapping) else None

    def _count(self, name: str) -> int | None:
        value = self._get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def _get(self, name: str) -> Any:
        own = self._type["aliases"].get(name, name)
        given = next((self._text[key] for key in (name, own) if self._text.get(key) is not None), None)
        return self._type["defaults"].get(name) if given is None else given

    @property
    def _text(self) -> Mapping[str, Any]:
        """The part that describes the language model: models that also see have it one level down."""
        inner = self.config.get("text_config")
        return inner if isinstance(inner, Mapping) else self.config

    @property
    def _type(self) -> Mapping[str, Mapping[str, Any]]:
        known: Mapping[str, Mapping[str, Mapping[str, Any]]] = schemas.load("catalog/model_types.json")["types"]
        return known.get(self.model_type or "", {"aliases": {}, "defaults": {}})


def _rope_type(part: Mapping[str, Any]) -> Any:
    return part.get("rope_type", part.get("type"))
