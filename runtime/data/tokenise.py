"""From rows to token ids, and to which of them the loss is computed on.

A prompt is tokenised exactly as inference does it, by itself, so that training and inference see the same tokens:
prompt and completion are never merged across their border. The end-of-sequence token is part of the completion.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from llmc.runtime.data.formats import Messages, PromptCompletion, Row, Text
from llmc.runtime.refusal import Refusal

Ids = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]


class Encoder:
    """A tokenizer of transformers, with what this project adds around it."""

    def __init__(self, tokenizer: Any, completion_only_loss: bool = True) -> None:
        self.tokenizer = tokenizer
        self.completion_only_loss = completion_only_loss
        if tokenizer.eos_token_id is None:
            raise Refusal("LLM512", "the tokenizer has no end-of-sequence token (eos_token)")
        self.end: list[int] = [tokenizer.eos_token_id]
        self.start: list[int] = _start(tokenizer)

    def rows(self, rows: Sequence[Row]) -> list[tuple[Ids, Flags]]:
        """Token ids of each row, and a flag per token: is the loss computed on it?"""
        encoded: list[tuple[Ids, Flags] | None] = [None] * len(rows)
        for kind, encode in ((Text, self._texts), (PromptCompletion, self._pairs), (Messages, self._conversations)):
            places = [place for place, row in enumerate(rows) if isinstance(row, kind)]
            for place, result in zip(places, encode([rows[place] for place in places]), strict=True):
                encoded[place] = result
        return [result for result in encoded if result is not None]

    def prompts(self, rows: Sequence[Row]) -> list[list[int]]:
        """Token ids of what a model is asked to continue, one list per row."""
        texts = [self._prompt_text(row) for row in rows]
        starts = [[] if isinstance(row, Messages) else self.start for row in rows]
        return [start + ids for start, ids in zip(starts, self._ids(texts), strict=True)]

    def _prompt_text(self, row: Row) -> str:
        match row:
            case Text(text):
                return text
            case PromptCompletion(prompt, _):
                return prompt
            case Messages():
                turns = _turns(row)
                return self._render(turns[:-1] if turns[-1]["role"] == "assistant" else turns, ask=True)

    def _texts(self, rows: Sequence[Any]) -> list[tuple[Ids, Flags]]:
        tokens = [self.start + ids + self.end for ids in self._ids([row.text for row in rows])]
        return [(np.array(ids, np.int32), np.ones(len(ids), bool)) for ids in tokens]

    def _pairs(self, rows: Sequence[Any]) -> list[tuple[Ids, Flags]]:
        prompts = self._ids([row.prompt for row in rows])
        completions = self._ids([row.completion for row in rows])
        encoded = []
        for prompt, completion in zip(prompts, completions, strict=True):
            head, tail = self.start + prompt, completion + self.end
            flags = np.ones(len(head) + len(tail), bool)
            flags[: len(head)] = not self.completion_only_loss
            encoded.append((np.array(head + tail, np.int32), flags))
        return encoded

    def _conversations(self, rows: Sequence[Any]) -> list[tuple[Ids, Flags]]:
        if not rows:
            return []
        texts = [self._render(_turns(row)) for row in rows]
        batch = self.tokenizer(texts, add_special_tokens=False, return_offsets_mapping=self.completion_only_loss)
        encoded = []
        for place, row in enumerate(rows):
            ids = np.array(batch["input_ids"][place], np.int32)
            flags = np.ones(len(ids), bool)
            if self.completion_only_loss:
                flags = _inside(batch["offset_mapping"][place], self._spans(_turns(row), texts[place]))
            encoded.append((ids, flags))
        return encoded

    def _spans(self, turns: list[dict[str, str]], text: str) -> list[tuple[int, int]]:
        """Where the assistant speaks, in characters of the rendered conversation; the end-of-turn token included."""
        spans = []
        for place, turn in enumerate(turns):
            if turn["role"] == "assistant":
                before, after = self._render(turns[:place], ask=True), self._render(turns[: place + 1])
                if not (text.startswith(after) and after.startswith(before)):
                    raise Refusal(
                        "LLM522", f"turn {place + 1} of a conversation is rendered differently by what follows it"
                    )
                # Templates put a line break after the end-of-turn token; no model needs to say it.
                ending = after.rfind(self.tokenizer.eos_token, len(before))
                spans.append((len(before), len(after) if ending < 0 else ending + len(self.tokenizer.eos_token)))
        return spans

    def _render(self, turns: list[dict[str, str]], ask: bool = False) -> str:
        try:
            text: str = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=ask)
        except Exception as error:  # the template is the user's program: whatever it raises is about the data
            raise Refusal("LLM512", f"the chat template cannot render a conversation: {error}") from None
        return text

    def _ids(self, texts: list[str]) -> list[list[int]]:
        if not texts:
            return []
        if self.tokenizer.is_fast:
            # 1.6 times as fast as calling the tokenizer, which also builds masks and offsets nobody reads here.
            backend = self.tokenizer.backend_tokenizer
            backend.no_truncation()
            backend.no_padding()
            return [encoding.ids for encoding in backend.encode_batch_fast(texts, add_special_tokens=False)]
        ids: list[list[int]] = self.tokenizer(texts, add_special_tokens=False)["input_ids"]
        return ids


def _start(tokenizer: Any) -> list[int]:
    """The begin-of-sequence token, where the tokenizer puts one before a text by itself."""
    first = tokenizer("a")["input_ids"][:1]
    return first if tokenizer.bos_token_id is not None and first == [tokenizer.bos_token_id] else []


def _turns(row: Messages) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in row.messages]


def _inside(offsets: list[tuple[int, int]], spans: list[tuple[int, int]]) -> Flags:
    """A flag per token: does it begin inside one of the spans?"""
    starts = np.array([start for start, _ in offsets], np.int64)
    flags = np.zeros(len(starts), bool)
    for begin, end in spans:
        flags |= (starts >= begin) & (starts < end)
    return flags
