"""A tokenizer, as far as its files say what it is: without transformers, and without running any of its code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmc.compiler.facts.tokenizer_card import TEMPLATES, is_tokenizer_file, tokenizer_digest
from llmc.compiler.locking.chat import Chat
from llmc.compiler.locking.content import json_of, text_of
from llmc.compiler.locking.place import File, Place

SPECIAL = ("bos", "eos", "pad")
SHOWN_TOKENS = 100


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """A tokenizer's facts as the lock holds them, and what counting tokens takes: its definition and its template.

    `special` are the names that templates know special tokens by, such as `bos_token`.
    """

    entry: dict[str, Any]
    definition: bytes | None
    special: Mapping[str, str]
    chat: Chat | None

    @property
    def digest(self) -> str:
        """The digest of its files."""
        return str(self.entry["digest"])


def tokenizer_of(place: Place, files: Mapping[str, File]) -> Tokenizer | None:
    """Read the tokenizer of a place; None where it has none. Raises Trouble."""
    own = {name: file for name, file in files.items() if is_tokenizer_file(name)}
    if not own:
        return None
    config = json_of(place, own["tokenizer_config.json"]) if "tokenizer_config.json" in own else {}
    if "special_tokens_map.json" in own:
        config = json_of(place, own["special_tokens_map.json"]) | config
    definition = own.get("tokenizer.json")
    content = json_of(place, definition) if definition else None
    vocabulary = _vocabulary(content, config) if content else None
    texts = {name: _text(config.get(f"{name}_token")) for name in SPECIAL}
    template = _template(place, own, config)
    special = {key: text for key in config if key.endswith("_token") and (text := _text(config[key])) is not None}
    chat = Chat(template, special) if template is not None else None
    entry: dict[str, Any] = {
        "digest": tokenizer_digest({name: place.digest(file) for name, file in own.items()}),
        "vocab_size": len(vocabulary) if vocabulary is not None else None,
        "added_tokens": [token["content"] for token in _added(content or {}) if token.get("special")][:SHOWN_TOKENS],
        "adds_bos": _adds_bos(content, config, texts["bos"]),
        "has_chat_template": chat is not None,
        "template_renders_bos": chat.renders_bos() if chat else None,
    }
    for name, text in texts.items():
        entry[name] = {"text": text, "id": (vocabulary or {}).get(text)} if text is not None else None
    return Tokenizer(entry, place.read(definition) if definition else None, special, chat)


def _vocabulary(content: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, int] | None:
    """Every token with its number; those that only the configuration names come last, as transformers add them."""
    given = (content.get("model") or {}).get("vocab")
    if isinstance(given, dict):
        known = {str(token): number for token, number in given.items() if isinstance(number, int)}
    elif isinstance(given, list):
        known = {str(item[0]): number for number, item in enumerate(given) if isinstance(item, list) and item}
    else:
        return None
    known |= {token["content"]: token["id"] for token in _added(content)}
    decoder = config.get("added_tokens_decoder")
    named = [_text(value) for value in decoder.values()] if isinstance(decoder, dict) else []
    named += [_text(config.get(name)) for name in sorted(config) if name.endswith("_token")]
    for text in named:
        if text is not None and text not in known:
            known[text] = max(known.values(), default=-1) + 1
    return known


def _added(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    given = content.get("added_tokens")
    for token in given if isinstance(given, list) else ():
        if isinstance(token, dict) and isinstance(token.get("content"), str) and isinstance(token.get("id"), int):
            yield token


def _text(value: Any) -> str | None:
    """A special token's text, which files hold as it is or with its properties."""
    text = value.get("content") if isinstance(value, dict) else value
    return text if isinstance(text, str) else None


def _adds_bos(content: Mapping[str, Any] | None, config: Mapping[str, Any], bos: str | None) -> bool | None:
    """Whether a plain text begins with bos: the configuration decides, else the definition's post-processor.

    Source: transformers 5.23.0, tokenization_utils_tokenizers.py:455, add_bos_token replaces the post-processor.
    """
    if bos is None:
        return False if content is not None else None
    if isinstance(config.get("add_bos_token"), bool) or isinstance(config.get("add_eos_token"), bool):
        return config.get("add_bos_token") is True
    return _begins_with(content.get("post_processor"), bos) if content is not None else None


def _begins_with(processor: Any, bos: str) -> bool:
    if not isinstance(processor, dict):
        return False
    if processor.get("type") == "Sequence":
        return any(_begins_with(inner, bos) for inner in processor.get("processors") or ())
    first = next(iter(processor.get("single") or ()), None)
    special = first.get("SpecialToken") if isinstance(first, dict) else None
    classifier = processor.get("cls")  # BertProcessing and RobertaProcessing put this one first
    return (isinstance(special, dict) and special.get("id") == bos) or (
        isinstance(classifier, list) and bool(classifier) and classifier[0] == bos
    )


def _template(place: Place, files: Mapping[str, File], config: Mapping[str, Any]) -> str | None:
    """The chat template that a conversation without tools is rendered by, where transformers look for it."""
    if "chat_template.jinja" in files:
        return text_of(place, files["chat_template.jinja"])
    if "chat_template.json" in files:
        return _text(json_of(place, files["chat_template.json"]).get("chat_template"))
    if f"{TEMPLATES}default.jinja" in files:
        return text_of(place, files[f"{TEMPLATES}default.jinja"])
    given = config.get("chat_template")
    if isinstance(given, list):
        named = {item.get("name"): item.get("template") for item in given if isinstance(item, dict)}
        given = named.get("default")
    return given if isinstance(given, str) else None
