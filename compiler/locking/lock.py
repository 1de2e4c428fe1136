"""Makes the lock of a spec: every entry that its experiments want, each asked for once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from llmc.compiler.facts.files import Files
from llmc.compiler.facts.lock import VERSION, Lock
from llmc.compiler.facts.wanted import (
    WantedData,
    WantedImage,
    WantedModel,
    wanted_data,
    wanted_images,
    wanted_models,
)
from llmc.compiler.language.diagnostics import Diagnostic, Report
from llmc.compiler.language.experiment import Experiment, is_folder
from llmc.compiler.locking.built import completed
from llmc.compiler.locking.count import Use
from llmc.compiler.locking.data import data_entry
from llmc.compiler.locking.folder import Folder
from llmc.compiler.locking.hub import Hub
from llmc.compiler.locking.image import image_entry
from llmc.compiler.locking.model import model_entry
from llmc.compiler.locking.place import Place
from llmc.compiler.locking.progress import Progress
from llmc.compiler.locking.s3 import PREFIX, S3
from llmc.compiler.locking.tokenizer import Tokenizer
from llmc.compiler.locking.trouble import Trouble

HUB_DATA = "hf://datasets/"

Content = dict[str, Any]
Wanted = WantedModel | WantedData | WantedImage


class Locking:
    """One lock in the making. What cannot be found out is told in the report; its earlier entry, if any, is kept."""

    def __init__(self, folder: Path, earlier: Lock, report: Report, progress: Progress, *, fresh: bool = False) -> None:
        self.earlier, self.report, self.progress = earlier, report, progress
        self.files = Files(folder)
        self.fresh = fresh
        self.tokenizers: dict[str, Tokenizer] = {}
        self.content: Content = {"lock": VERSION, "models": {}, "data": {}, "images": {}}

    def make(self, experiments: Sequence[Experiment]) -> Content:
        """Ask for everything that the experiments want. The entries are those of the lock, by section and name."""
        for experiment in experiments:
            for model in wanted_models(experiment):
                self._model(experiment, model)
        uses = _by_entry((experiment, wanted) for experiment in experiments for wanted in wanted_data(experiment))
        for pairs in uses.values():
            self._data(pairs)
        for experiment in experiments:
            for image in wanted_images(experiment):
                self._entry("images", experiment, image, partial(image_entry, image.entry))
        return self.content

    def _model(self, experiment: Experiment, wanted: WantedModel) -> None:
        known = self.content["models"].get(wanted.entry)
        if known is None or (wanted.whole and known["config"] is None):
            self._entry("models", experiment, wanted, lambda: self._ask_for_model(experiment, wanted), again=True)

    def _ask_for_model(self, experiment: Experiment, wanted: WantedModel) -> Content:
        place = self._place_of_model(wanted)
        entry, tokenizer = model_entry(place, self.progress, whole=wanted.whole)
        if tokenizer:
            self.tokenizers[wanted.entry] = tokenizer
        if place.commit and place.commit != wanted.revision:
            self._name_the_commit(experiment, wanted, place.commit)
        return dict(completed(entry, self.earlier.models.get(wanted.entry)))

    def _place_of_model(self, wanted: WantedModel) -> Place:
        if wanted.name.startswith(PREFIX):
            return S3(wanted.name)
        if is_folder(wanted.name):
            return Folder(self.files.folder / wanted.name, wanted.name, deep=False)
        return Hub(wanted.name, wanted.revision)

    def _name_the_commit(self, experiment: Experiment, wanted: WantedModel, commit: str) -> None:
        if wanted.key != "model.name_or_path":
            return
        node = experiment.node("model.revision" if wanted.revision else wanted.key)
        diagnostic = Diagnostic(
            "LLM415",
            f"'{wanted.revision or 'main'}' of {wanted.name} is the commit {commit} today",
            node.span,
            "model.revision",
            "info",
            why="the lock is about that commit, and the job would take whatever the name means when it runs",
            help=f"write `revision: {commit}` under model",
            fix=commit if wanted.revision else None,
        )
        self.report.add(diagnostic)

    def _data(self, pairs: list[tuple[Experiment, WantedData]]) -> None:
        experiment, wanted = pairs[0]
        each = {(use.tokenizer, use.how, use.chat_template): use for _, use in pairs}
        uses = [self._use(use) for use in each.values()]
        earlier = None if self.fresh else self.earlier.data.get(wanted.entry)
        place = partial(self._place_of_data, wanted.source.path)
        self._entry("data", experiment, wanted, lambda: data_entry(place(), uses, earlier, self.progress))

    def _use(self, wanted: WantedData) -> Use:
        tokenizer, path = self.tokenizers.get(wanted.tokenizer or ""), wanted.chat_template
        if path is None:
            return Use(wanted, tokenizer)
        try:
            text = (self.files.folder / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            text = None
        return Use(wanted, tokenizer, self.files.identity(path), text)

    def _place_of_data(self, path: str) -> Place:
        if path.startswith(PREFIX):
            return S3(path)
        if path.startswith(HUB_DATA):
            return Hub(*hub_data(path), kind="dataset")
        return Folder(self.files.folder / path, path)

    def _entry(
        self, section: str, experiment: Experiment, wanted: Wanted, ask: Callable[[], Content], again: bool = False
    ) -> None:
        """Put what is found out into the content; or what was known before, and say why there is nothing new."""
        entries, name = self.content[section], wanted.entry
        if name in entries and not again:
            return
        try:
            entries[name] = ask()
        except Trouble as trouble:
            earlier: Mapping[str, Any] = getattr(self.earlier, section)
            kept = "; what the lock says of it is left as it is" if name in earlier else ""
            if kept:
                entries[name] = earlier[name]
            span = experiment.node(wanted.key).span
            self.report.add(Diagnostic(trouble.code, f"{trouble}{kept}", span, wanted.key, help=trouble.help))


def hub_data(path: str) -> tuple[str, str | None]:
    """Give a data set's repository and revision, of hf://datasets/owner/name@revision.

    >>> hub_data("hf://datasets/owner/name@main")
    ('owner/name', 'main')
    """
    repository, _, revision = path.removeprefix(HUB_DATA).strip("/").partition("@")
    return repository, revision or None


def _by_entry(
    pairs: Iterable[tuple[Experiment, WantedData]],
) -> dict[str, list[tuple[Experiment, WantedData]]]:
    """Data by their entry of the lock, so that each is read once for all its uses."""
    found: dict[str, list[tuple[Experiment, WantedData]]] = {}
    for experiment, wanted in pairs:
        found.setdefault(wanted.entry, []).append((experiment, wanted))
    return found
