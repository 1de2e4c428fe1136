"""What is known about a tokenizer, and which files make one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from llmc.compiler.bundle.render import compact_digest

# What transformers read to make a tokenizer (tokenization_utils_base.py, vocabulary files and their legacy names).
FILES = frozenset({
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
    "chat_template.json", "vocab.json", "vocab.txt", "merges.txt", "tokenizer.model", "spiece.model", "tekken.json",
    "tiktoken.model",
})  # fmt: skip
TEMPLATES = "additional_chat_templates/"


@dataclass(frozen=True, slots=True)
class Token:
    """A special token: its text and its number, which is None where the vocabulary does not hold it."""

    text: str
    id: int | None


@dataclass(frozen=True, slots=True)
class TokenizerCard:
    """A tokenizer's facts. `vocab_size` counts added tokens too; `adds_bos` says whether a plain text begins with bos.

    A special token that no file names is None; a class of transformers may still know one.
    `template_renders_bos` is None where there is no chat template, or one that cannot be rendered here.
    """

    digest: str
    vocab_size: int | None
    bos: Token | None
    eos: Token | None
    pad: Token | None
    adds_bos: bool | None
    has_chat_template: bool
    template_renders_bos: bool | None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> TokenizerCard:
        """Give the card of a lock's entry."""
        return cls(
            digest=entry["digest"],
            vocab_size=entry["vocab_size"],
            bos=_token(entry["bos"]),
            eos=_token(entry["eos"]),
            pad=_token(entry["pad"]),
            adds_bos=entry["adds_bos"],
            has_chat_template=entry["has_chat_template"],
            template_renders_bos=entry["template_renders_bos"],
        )


def is_tokenizer_file(name: str) -> bool:
    """Whether a file, by its path in the tokenizer's folder, is part of the tokenizer."""
    return name in FILES or (name.startswith(TEMPLATES) and name.endswith(".jinja"))


def tokenizer_digest(files: Mapping[str, str]) -> str:
    """Give one digest for a tokenizer, of its files' digests by name."""
    return compact_digest({name: files[name] for name in _own(files)})


def _own(names: Iterable[str]) -> Iterable[str]:
    return (name for name in names if is_tokenizer_file(name))


def _token(entry: Mapping[str, Any] | None) -> Token | None:
    return Token(entry["text"], entry["id"]) if entry else None
