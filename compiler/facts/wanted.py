"""What an experiment names of the outside world: the models, data and images that a lock has entries for.

It reads the completed tree, not the classes, because `llmc lock` also serves specs that no check has passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from llmc.compiler.bundle.render import digest
from llmc.compiler.language.experiment import Experiment, plain


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
    """A data set. `how` says what becomes of a row, which decides about the number of its tokens.

    `tokenizer` is the lock's entry of the tokenizer, `template` the digest of a chat template that the spec gives.
    """

    key: str
    path: str
    split: str | None
    form: str
    how: str
    tokenizer: str | None
    chat_template: str | None = None

    @property
    def entry(self) -> str:
        """The name of its entry in a lock."""
        return data_entry(self.path, self.split)

    @property
    def template(self) -> str | None:
        """The digest of the spec's own chat template."""
        return digest(self.chat_template.encode()) if self.chat_template and self.form == "messages" else None


@dataclass(frozen=True, slots=True)
class WantedImage:
    """A container image."""

    key: str
    reference: str

    @property
    def entry(self) -> str:
        """The name of its entry in a lock."""
        return self.reference


def model_entry(name: str, revision: str | None) -> str:
    """Name the entry of a model."""
    return f"{name}@{revision}" if revision else name


def data_entry(path: str, split: str | None) -> str:
    """Name the entry of a data set."""
    return f"{path}#{split}" if split else path


def wanted_models(experiment: Experiment) -> list[WantedModel]:
    """Give the models that a spec names, the one to run first."""
    model, preference = _section(experiment, "model"), _section(experiment, "preference")
    found = []
    if model.get("name_or_path") and not model.get("architecture"):
        found.append(WantedModel("model.name_or_path", model["name_or_path"], model.get("revision")))
    if model.get("tokenizer"):
        found.append(WantedModel("model.tokenizer", model["tokenizer"], None, whole=False))
    if isinstance(preference.get("reference_model"), str):
        found.append(WantedModel("preference.reference_model", preference["reference_model"], None))
    return found


def tokenizer_entry(experiment: Experiment) -> str | None:
    """Name the entry that the tokenizer's facts stand in: the model's own, unless the spec names another."""
    model = _section(experiment, "model")
    if model.get("tokenizer"):
        return str(model["tokenizer"])
    return model_entry(model["name_or_path"], model.get("revision")) if model.get("name_or_path") else None


def wanted_data(experiment: Experiment) -> list[WantedData]:
    """Give the data sets that a spec names, in its order."""
    data, template = _section(experiment, "data"), _section(experiment, "model").get("chat_template")
    purpose = "prompts" if experiment.task == "infer" else "examples"
    tokenizer, found = tokenizer_entry(experiment), []
    for key, split in _splits(data):
        form = split["format"]
        chosen = split.get("split") or data.get("split")
        how = f"{form} as {purpose}"
        found.append(WantedData(f"{key}.path", split["path"], chosen, form, how, tokenizer, template))
    return found


def _splits(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in ("train", "eval", "input"):
        given = data.get(name)
        if isinstance(given, list):
            yield from ((f"data.{name}[{place}]", item) for place, item in enumerate(given))
        elif given:
            yield f"data.{name}", given


def wanted_images(experiment: Experiment) -> list[WantedImage]:
    """Give the container images that a spec names, for all targets or for one."""
    homes = [("container", _section(experiment, "container"))]
    homes += [(f"targets.{name}", target) for name, target in _section(experiment, "targets").items()]
    named = ((f"{home}.image", section.get("image")) for home, section in homes)
    return [WantedImage(key, image) for key, image in named if isinstance(image, str)]


def _section(experiment: Experiment, name: str) -> dict[str, Any]:
    """A section's plain values; empty where the spec has none."""
    tree = experiment.tree.value
    node = tree.get(name) if isinstance(tree, dict) else None
    return dict(plain(node)) if node and isinstance(node.value, dict) else {}
