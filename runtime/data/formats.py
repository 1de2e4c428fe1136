"""Rows as users write them, read one by one; a row that does not fit is named by file and line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from llmc.runtime.contract import Source
from llmc.runtime.refusal import Refusal


class Text(msgspec.Struct, frozen=True):
    """One document."""

    text: str


class Message(msgspec.Struct, frozen=True):
    """One turn of a conversation."""

    role: Annotated[str, msgspec.Meta(min_length=1)]
    content: str


class Messages(msgspec.Struct, frozen=True):
    """One conversation."""

    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]


class PromptCompletion(msgspec.Struct, frozen=True):
    """A prompt and what should follow it."""

    prompt: str
    completion: str


Row = Text | Messages | PromptCompletion
SHAPES: dict[str, type[Row]] = {"text": Text, "messages": Messages, "prompt_completion": PromptCompletion}


def read(source: Source, path: Path) -> Iterator[Row]:
    """The rows of a file or folder, in order (a folder's files by name).

    `path` is where `source.path` is on this machine. Keys that the format does not know are left alone: data sets
    carry ids and labels. Raises Refusal LLM513 (nothing there), LLM520 (a bad row) or LLM521 (no row).
    """
    empty = True
    for file in listing(source, path):
        shown = source.path if file == path else f"{source.path.rstrip('/')}/{file.relative_to(path)}"
        for row in _read_file(file, shown, source.format):
            empty = False
            yield row
    if empty:
        raise Refusal("LLM521", f"{source.path} holds no rows")


def listing(source: Source, path: Path) -> list[Path]:
    """The files of a source, sorted; raises Refusal LLM513."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise Refusal("LLM513", f"{source.path} does not exist")
    endings = {".txt", ".jsonl"} if source.format == "text" else {".jsonl"}
    files = sorted(file for file in path.rglob("*") if file.suffix in endings and file.is_file())
    if not files:
        raise Refusal("LLM513", f"{source.path} holds no file that ends in {' or '.join(sorted(endings))}")
    return files


def _read_file(file: Path, shown: str, form: str) -> Iterator[Row]:
    if form == "text" and file.suffix != ".jsonl":
        yield Text(_document(file, shown))
        return
    decoder = msgspec.json.Decoder(SHAPES[form])
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _row(decoder, line, f"{shown}:{number}", form)


def _document(file: Path, shown: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Refusal("LLM520", f"{shown}: not UTF-8 at byte {error.start}") from None


def _row(decoder: msgspec.json.Decoder[Row], line: bytes, place: str, form: str) -> Row:
    try:
        row = decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal("LLM520", f"{place}: not a {form} row: {error}") from None
    return row
