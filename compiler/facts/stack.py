"""The libraries that run a bundle, and their versions: what an artefact was written for."""

from __future__ import annotations

from dataclasses import dataclass

from llmc import schemas


@dataclass(frozen=True, slots=True)
class Stack:
    """A set of library versions that was run together; `versions` is distribution name -> exact version."""

    name: str
    versions: dict[str, str]


def default_stack() -> Stack:
    """The one stack there is so far. The `run` extra installs it; a test holds the two together."""
    data = schemas.load("catalog/stacks.json")
    name = data["default"]
    return Stack(name, dict(data["stacks"][name]["versions"]))
