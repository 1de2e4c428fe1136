"""What an experiment names of the outside world: the models, data and images that a lock has entries for."""

from __future__ import annotations

from dataclasses import dataclass

from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.data import Split, TrainingData


@dataclass(frozen=True, slots=True)
class WantedModel:
    """A model, or a place that only the tokenizer is taken from. `key` is where the spec names it."""

    key: str
    name: str
    revision: str | None
    whole: bool = True

    @property
    def entry(self) -> str:
        """The name of its entry in a lock."""
        return model_entry(self.name, self.revision)


@dataclass(frozen=True, slots=True)
class WantedData:
    """A data set. `tokenizer` is the lock's entry of the tokenizer, `chat_template` the path of the spec's own.

    `processing` is the user's function that rows go through, `streaming` says that they are never all read.
    """

    key: str
    source: Split
    prompts: bool
    tokenizer: str | None
    chat_template: str | None
    processing: str | None
    streaming: bool

    @property
    def entry(self) -> str:
        """The name of its entry in a lock."""
        return f"{self.source.path}#{self.source.split}" if self.source.split else self.source.path

    @property
    def how(self) -> str:
        """What becomes of its rows, which decides how many tokens they have."""
        source = self.source
        words = [f"{source.format} as {'prompts' if self.prompts else 'examples'}"]
        words += [f"{ours} is {theirs}" for ours, theirs in sorted((source.columns or {}).items())]
        words += [f"the first {source.max_rows} rows"] if source.max_rows else []
        words += [f"after {self.processing}"] if self.processing else []
        return ", ".join(words + (["streamed"] if self.streaming else []))


@dataclass(frozen=True, slots=True)
class WantedImage:
    """A container image."""

    key: str
    entry: str


def model_entry(name: str, revision: str | None) -> str:
    """Name the entry of a model."""
    return f"{name}@{revision}" if revision else name


def wanted_models(experiment: Experiment) -> list[WantedModel]:
    """Give the models that a spec names, the one to run first."""
    revisions = {"model.name_or_path": experiment.model.revision}
    return [
        WantedModel(key, name, revisions.get(key), whole=key != "model.tokenizer")
        for key, name in experiment.models()
        if key != "model.name_or_path" or not experiment.model.architecture
    ]


def tokenizer_entry(experiment: Experiment) -> str | None:
    """Name the entry that the tokenizer's facts stand in: the model's own, unless the spec names another."""
    model = experiment.model
    return model.tokenizer or (model_entry(model.name_or_path, model.revision) if model.name_or_path else None)


def wanted_data(experiment: Experiment) -> list[WantedData]:
    """Give the data sets that a spec names, in its order."""
    data, tokenizer = experiment.data, tokenizer_entry(experiment)
    processing = data.processing.function if data.processing else None
    streaming = isinstance(data, TrainingData) and data.streaming
    found = []
    for key, split in data.splits():
        template = experiment.model.chat_template if split.format == "messages" else None
        prompts = experiment.task == "infer"
        found.append(WantedData(f"{key}.path", split, prompts, tokenizer, template, processing, streaming))
    return found


def wanted_images(experiment: Experiment) -> list[WantedImage]:
    """Give the container images that a spec names: the one to build on, and those that targets start as they are."""
    named = [("container.base", experiment.container.base)] if experiment.container else []
    for name, target in experiment.targets.items():
        named.append((f"targets.{name}.image", getattr(target, "image", None)))
    return [WantedImage(key, image) for key, image in named if image]
