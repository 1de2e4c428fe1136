"""Counts the tokens of rows as the runtime will make them: the same pieces, without transformers.

Source: runtime/data/tokenise.py. A prompt and its completion are tokenised apart; a text and a completion end in eos; a
tokenizer that adds bos does so once a row; a rendered conversation has what its template writes and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from llmc.compiler.locking.chat import ChatError
from llmc.compiler.locking.shapes import Values
from llmc.compiler.locking.tokenizer import Tokenizer
from llmc.compiler.locking.trouble import BROKEN, Trouble, not_installed

LENGTHS = ("total", "longest", "median", "p90", "p99")

Sequences = list[list[str]]


class Unknown(Exception):
    """Why tokens cannot be counted."""


def summary(lengths: Counter[int], note: str) -> dict[str, Any]:
    """Give lengths as the lock holds them, with a note of what was counted."""
    total = sum(length * count for length, count in lengths.items())
    shares = {"longest": 1.0, "median": 0.5, "p90": 0.9, "p99": 0.99}
    return {"total": total, **{name: percentile(lengths, share) for name, share in shares.items()}, "note": note}


def nothing(reason: str) -> dict[str, Any]:
    """Give what the lock holds where tokens could not be counted."""
    return dict.fromkeys(LENGTHS) | {"note": f"unknown: {reason}"}


def percentile(lengths: Counter[int], share: float) -> int:
    """Give the least length that this share of the sequences does not exceed.

    >>> percentile(Counter([1, 2, 3, 100]), 0.5)
    2
    """
    wanted, seen = share * lengths.total(), 0
    for length in sorted(lengths):
        seen += lengths[length]
        if seen >= wanted:
            return length
    return 0


class Ruler:
    """Measures rows of one format with one tokenizer; `note` says what is counted. Making it may raise Unknown too."""

    def __init__(self, form: str, prompts: bool, tokenizer: Tokenizer) -> None:
        self.form, self.prompts, self.tokenizer = form, prompts, tokenizer
        asked = "prompt" if prompts else "prompt, completion"
        ways: dict[str, tuple[Callable[[Values], Sequences], str]] = {
            "text": (lambda values: [[values["text"]]], "text"),
            "prompt_completion": (self._pair, asked),
            "messages": (self._conversation, "the rendered conversation"),
            "preference": (self._preference, "prompt, answer: each of two answers by itself"),
            "tokens": (self._pair, "as given"),
        }
        self.pieces, self.note = ways[form]
        self.around = 0 if form in ("messages", "tokens") else self._around()
        self.backend = _backend(tokenizer) if form != "tokens" else None

    def measure(self, rows: Sequence[Values]) -> list[int]:
        """Give the length of each sequence that the rows become, in tokens."""
        if self.backend is None:
            return [len(values["input_ids"]) for values in rows]
        sequences = [sequence for values in rows for sequence in self.pieces(values)]
        pieces = [piece for sequence in sequences for piece in sequence]
        encoded = self.backend.encode_batch_fast(pieces, add_special_tokens=False)
        sizes = iter([len(encoding) for encoding in encoded])
        return [self.around + sum(next(sizes) for _ in sequence) for sequence in sequences]

    def _around(self) -> int:
        """How many tokens are put around a row: bos by the tokenizer's own custom, eos where something is learned."""
        entry = self.tokenizer.entry
        if entry["adds_bos"] is None:
            raise Unknown("it is not known whether the tokenizer adds bos")
        if not self.prompts and entry["eos"] is None:
            raise Unknown("no file of the tokenizer names its eos_token")
        added = ["bos"] * entry["adds_bos"] + ["eos"] * (not self.prompts)
        self.note = ", ".join([self.note, *added])
        return len(added)

    def _pair(self, values: Values) -> Sequences:
        pieces = [values["prompt"]] if self.prompts else [values["prompt"], values["completion"]]
        return [_texts(pieces)]

    def _preference(self, values: Values) -> Sequences:
        return [_texts([values["prompt"], values[answer]]) for answer in ("chosen", "rejected")]

    def _conversation(self, values: Values) -> Sequences:
        turns, chat = values["messages"], self.tokenizer.chat
        if chat is None:
            raise Unknown("the tokenizer has no chat template")
        if self.prompts and turns[-1]["role"] == "assistant":
            turns = turns[:-1]
        try:
            return [[chat.render(turns, ask=self.prompts)]]
        except ChatError as error:
            raise Unknown(f"the chat template refuses a row: {' '.join(str(error).split())}") from None


def _texts(pieces: list[Any]) -> list[str]:
    if not all(isinstance(piece, str) for piece in pieces):
        raise Unknown("rows of this format that hold conversations are not counted")
    return pieces


def _backend(tokenizer: Tokenizer) -> Any:
    if tokenizer.definition is None:
        raise Unknown("the tokenizer has no tokenizer.json")
    try:
        import tokenizers
    except ImportError:
        raise not_installed("tokenizers", "counts tokens") from None
    try:
        backend = tokenizers.Tokenizer.from_buffer(tokenizer.definition)
    except Exception:  # the library raises Exception itself
        raise Trouble(BROKEN, f"tokenizer.json means nothing to tokenizers {tokenizers.__version__}") from None
    backend.no_truncation()
    backend.no_padding()
    return backend
