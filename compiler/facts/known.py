"""Everything that is known about the world when compiling: what the checks may ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from llmc.compiler.bundle.render import compact_digest
from llmc.compiler.facts.data_card import DataCard, count_of, data_digest
from llmc.compiler.facts.deepspeed_keys import DeepSpeedKeys, keys_of
from llmc.compiler.facts.files import Files
from llmc.compiler.facts.hardware import Accelerator, Instance, accelerator, instance
from llmc.compiler.facts.lock import Lock
from llmc.compiler.facts.model_card import ModelCard
from llmc.compiler.facts.parameters import Counted, counted
from llmc.compiler.facts.stack import Stack, default_stack
from llmc.compiler.facts.tokenizer_card import TokenizerCard, tokenizer_digest
from llmc.compiler.facts.wanted import WantedData, tokenizer_entry, wanted_data, wanted_images, wanted_models
from llmc.compiler.language.experiment import Experiment, is_folder


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one compilation: the project's files, the stack that will run the bundle, and the lock.

    What of the lock is stale counts as not known.
    """

    files: Files
    stack: Stack
    lock: Lock = field(default_factory=Lock)

    @property
    def deepspeed_keys(self) -> DeepSpeedKeys:
        """The configuration keys of the stack's DeepSpeed version."""
        return keys_of(self.stack.versions["deepspeed"])

    def accelerator(self, name: str) -> Accelerator | None:
        """An accelerator by what a spec calls it; None for one that is not known."""
        return accelerator(name)

    def instance(self, name: str) -> Instance | None:
        """An instance type by its name; None for one that is not known."""
        return instance(name)

    def model(self, experiment: Experiment) -> ModelCard | None:
        """What is known of the model: of a new one everything, of a pretrained one what the lock says."""
        model = experiment.model
        if model.architecture:
            return ModelCard.of_architecture(model.architecture)
        return self.lock.model(model.name_or_path, model.revision) if model.name_or_path else None

    def parameters(self, experiment: Experiment) -> Counted | None:
        """How many parameters the model has, by part where its architecture is known."""
        card = self.model(experiment)
        return counted(card, runs_own_code=experiment.model.trust_remote_code) if card else None

    def tokenizer(self, experiment: Experiment) -> TokenizerCard | None:
        """What the lock says of the tokenizer."""
        name = experiment.model.tokenizer
        if name and self._stale_tokenizer(name):
            return None
        return self.lock.tokenizer(tokenizer_entry(experiment))

    def data(self, experiment: Experiment) -> dict[str, DataCard]:
        """What the lock says of the data, by the key of the path: `data.train.path`. Unknown ones are left out."""
        fresh = (wanted for wanted in wanted_data(experiment) if not self._stale_data(wanted))
        cards = ((wanted.key, self.lock.dataset(wanted, self._template(wanted))) for wanted in fresh)
        counted = self.tokenizer(experiment) is not None
        return {key: card if counted else card.without_tokens() for key, card in cards if card}

    def missing(self, experiment: Experiment) -> dict[str, str]:
        """Which facts a check cannot have, each with the key that names what is unknown."""
        absent = {}
        if self.model(experiment) is None:
            absent["model"] = "model.name_or_path"
        if self.tokenizer(experiment) is None:
            absent["tokenizer"] = "model.tokenizer" if experiment.model.tokenizer else "model.name_or_path"
        known = self.data(experiment)
        unknown = [wanted.key for wanted in wanted_data(experiment) if wanted.key not in known]
        return absent | ({"data": unknown[0]} if unknown else {})

    def stale(self, experiment: Experiment) -> list[str]:
        """The keys of local data, and of a local tokenizer, that are no longer what the lock is about."""
        name = experiment.model.tokenizer
        found = ["model.tokenizer"] if name and self._stale_tokenizer(name) else []
        return found + [wanted.key for wanted in wanted_data(experiment) if self._stale_data(wanted)]

    def used(self, experiment: Experiment) -> dict[str, str]:
        """The digest of what the lock says of this experiment; nothing where it says nothing.

        Entries, and counts of tokens, that belong to other experiments have no part in it.
        """
        stale = set(self.stale(experiment))
        models = [wanted for wanted in wanted_models(experiment) if wanted.key not in stale]
        known: dict[str, object] = {
            wanted.entry: self.lock.models[wanted.entry] for wanted in models if wanted.entry in self.lock.models
        }
        tokenizer = self.tokenizer(experiment)
        for data in wanted_data(experiment):
            if data.entry in self.lock.data and data.key not in stale:
                entry = self.lock.data[data.entry]
                count = count_of(entry, tokenizer.digest if tokenizer else None, data.how, self._template(data))
                known[data.key] = {**entry, "tokens": count}
        images = (wanted.entry for wanted in wanted_images(experiment))
        known |= {name: self.lock.images[name] for name in images if name in self.lock.images}
        return {"lock": compact_digest(known)} if known else {}

    def _stale_tokenizer(self, name: str) -> bool:
        card = self.lock.tokenizer(name)
        if card is None or not is_folder(name) or not self.files.is_here(name):
            return False
        return tokenizer_digest(self._inside(name)) != card.digest

    def _stale_data(self, wanted: WantedData) -> bool:
        entry = self.lock.data.get(wanted.entry)
        if entry is None or entry["source"] != "folder" or not self.files.is_here(wanted.source.path):
            return False
        return bool(data_digest(self._inside(wanted.source.path)) != entry["digest"])

    def _template(self, wanted: WantedData) -> str | None:
        return self.files.identity(wanted.chat_template) if wanted.chat_template else None

    def _inside(self, path: str) -> dict[str, str]:
        """The digests of a folder's files by their names in it; a single file's name is empty."""
        prefix = f"{path.rstrip('/')}/"
        return {
            "" if name == path else name.removeprefix(prefix): value for name, value in self.files.digests(path).items()
        }


def gather(folder: Path, lock: Lock | None = None) -> Facts:
    """Gather what is known for a spec in `folder`, with its lock; reads nothing else but the shipped catalogue."""
    return Facts(Files(folder), default_stack(), lock or Lock())
