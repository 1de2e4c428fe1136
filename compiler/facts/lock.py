"""The lock: what `llmc lock` found out about the outside world, in a file beside the spec.

Compiling reads it and asks nobody else. Its shape is `schemas/lockfile.schema.json`.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmc.compiler.facts.data_card import DataCard, count_of, tokens_of
from llmc.compiler.facts.model_card import ModelCard
from llmc.compiler.facts.shape import Misfit, fit
from llmc.compiler.facts.tokenizer_card import TokenizerCard
from llmc.compiler.facts.wanted import WantedData, model_entry
from llmc.compiler.language.diagnostics import Diagnostic, Report, Span
from llmc.compiler.language.limits import show
from llmc.compiler.language.schema import Schema
from llmc.compiler.language.source import Node, parse

VERSION = 1
MAX_BYTES = 20_000_000
SUFFIX = ".lock.json"

Entries = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock's entries by name. `exists` is false where there is no file, `readable` where it is none of ours."""

    models: Entries = field(default_factory=dict)
    data: Entries = field(default_factory=dict)
    images: Entries = field(default_factory=dict)
    exists: bool = False
    readable: bool = True

    def model(self, name: str, revision: str | None) -> ModelCard | None:
        """Give what is known of a model; None where nothing is."""
        entry = self.models.get(model_entry(name, revision))
        if entry is None or entry["config"] is None:
            return None
        about = {key: entry[key] for key in ("config", "source", "commit", "weights_bytes", "files")}
        eos = tuple(entry["generation_eos"])
        number = entry["parameters"]
        return ModelCard(**about, parameters=number["total"], counted_from=number["from"], generation_eos=eos)

    def tokenizer(self, entry: str | None) -> TokenizerCard | None:
        """Give what is known of the tokenizer of an entry; None where nothing is."""
        found = self.models.get(entry or "", {}).get("tokenizer")
        return TokenizerCard.of(found) if found else None

    def image(self, reference: str) -> str | None:
        """Give the digest that an image's reference stood for; None where nobody looked."""
        entry = self.images.get(reference)
        return str(entry["digest"]) if entry else None

    def dataset(self, wanted: WantedData, template: str | None) -> DataCard | None:
        """Give what is known of a data set; None where nothing is. `template` tells the spec's own chat template."""
        entry = self.data.get(wanted.entry)
        if entry is None:
            return None
        tokenizer = self.tokenizer(wanted.tokenizer)
        count = count_of(entry, tokenizer.digest if tokenizer else None, wanted.how, template)
        rows, most = entry["rows"], wanted.source.max_rows
        used = rows if rows is None or most is None else min(rows, most)
        return DataCard(entry["digest"], used, entry["bytes"], tuple(entry["columns"]), tokens_of(count))


def lock_path(spec: Path) -> Path:
    """Give where a spec's lock is: beside it, under its name."""
    return spec.with_name(spec.stem + SUFFIX)


def read_lock(spec: Path, shown: str, report: Report) -> Lock:
    """Read a spec's lock, if it has one; what is wrong with it is reported at its line (LLM234).

    `shown` is the spec's path as the user knows it.
    """
    path = lock_path(spec)
    name = posixpath.join(posixpath.dirname(shown), path.name)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return Lock()
    except OSError as error:
        return _unreadable(report, f"cannot read the lock: {error.strerror or error}", Span(name))
    if len(raw) > MAX_BYTES:
        return _unreadable(report, f"the lock has {len(raw):,} bytes, at most {MAX_BYTES:,} are read", Span(name))
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return _unreadable(report, f"byte {error.start} of the lock is not UTF-8 text", Span(name))
    report.sources[name] = text
    return _of_text(text, name, report)


def _of_text(text: str, name: str, report: Report) -> Lock:
    try:
        content = json.loads(text, parse_constant=_no_constant)
        json.dumps(content, ensure_ascii=False).encode()  # half of a surrogate pair could not be told to anybody
        _same_version(content)
        fit(content, Schema.of("lockfile.schema.json"))
    except json.JSONDecodeError as error:
        return _unreadable(report, f"not JSON: {error.msg}", Span(name, error.lineno, error.colno, error.colno + 1))
    except (ValueError, RecursionError) as error:
        return _unreadable(report, f"not JSON: {str(error)[:100] or 'nested too deeply'}", Span(name))
    except Misfit as misfit:
        return _unreadable(report, str(misfit), _place(text, name, misfit.path))
    return Lock(content["models"], content["data"], content["images"], exists=True)


def _same_version(content: Any) -> None:
    version = content.get("lock", VERSION) if isinstance(content, dict) else VERSION
    if version != VERSION:
        raise Misfit(("lock",), f"the lock is of version {show(version)}, and this llmc reads version {VERSION}")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _place(text: str, name: str, path: tuple[str | int, ...]) -> Span:
    """Find the line of a value: JSON is YAML too, and the spec's parser knows lines."""
    node = parse(text, name, Report())
    if node is None:
        return Span(name)
    for step in path:
        inner: Node | None = None
        if isinstance(node.value, dict):
            inner = node.value.get(str(step))
        elif isinstance(node.value, list) and isinstance(step, int):
            inner = node.value[step]
        if inner is None:
            break
        node = inner
    return node.place


def _unreadable(report: Report, message: str, span: Span) -> Lock:
    help = "restore it from the history; or move it away and run `llmc lock` again"
    why = "its facts decide what the checks can see, and llmc overwrites no lock that it cannot read"
    report.add(Diagnostic("LLM234", message, span, why=why, help=help))
    return Lock(exists=True, readable=False)
