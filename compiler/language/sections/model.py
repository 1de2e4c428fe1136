"""What is trained, or what answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Lora:
    """Low-rank adapters to train; names are PEFT's."""

    kind: Literal["lora", "dora"]
    r: int
    alpha: float
    dropout: float
    target_modules: list[str] | str
    modules_to_save: list[str] = field(default_factory=list)
    use_rslora: bool = False


@dataclass(frozen=True, slots=True)
class QLora:
    """Low-rank adapters on a model whose frozen weights are in 4 bits."""

    kind: Literal["qlora"]
    r: int
    alpha: float
    dropout: float
    target_modules: list[str] | str
    modules_to_save: list[str]
    use_rslora: bool
    quant_type: str
    use_double_quant: bool
    quant_storage: str


@dataclass(frozen=True, slots=True)
class Trained:
    """An adapter that an earlier run trained."""

    kind: Literal["trained"]
    path: str


@dataclass(frozen=True, slots=True)
class FourBit:
    """Weights in 4 bits; names are BitsAndBytesConfig's without their prefix."""

    kind: Literal["bnb_4bit"]
    quant_type: str
    use_double_quant: bool
    quant_storage: str


@dataclass(frozen=True, slots=True)
class EightBit:
    """Weights in 8 bits; activations above the threshold stay in 16."""

    kind: Literal["bnb_8bit"]
    threshold: float


@dataclass(frozen=True, slots=True)
class Llama:
    """A new Llama; names are transformers'."""

    kind: Literal["llama"]
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    vocab_size: int
    max_position_embeddings: int
    tie_word_embeddings: bool
    rope_theta: float


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Changes to the table of token embeddings."""

    new_tokens: list[str]
    pad_to_multiple_of: int | None
    mean_resizing: bool


@dataclass(frozen=True, slots=True)
class Model:
    """The model: pretrained by name, or new by architecture."""

    name_or_path: str | None
    revision: str | None
    dtype: str
    attn_implementation: str
    trust_remote_code: bool
    tokenizer: str | None
    chat_template: str | None
    quantization: FourBit | EightBit | None
    adapter: Lora | QLora | Trained | None
    use_liger_kernel: bool = False
    embeddings: Embeddings | None = None
    architecture: Llama | None = None
