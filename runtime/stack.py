"""The versions of the libraries that a run needs, and those it finds."""

import importlib.metadata

from llmc.runtime.refusal import Refusal
from packaging.requirements import Requirement

DISTRIBUTION = "llmc-experiment-compiler"


def requirements() -> list[Requirement]:
    """The stack: what the distribution's `run` extra pins."""
    lines = importlib.metadata.requires(DISTRIBUTION) or []
    parsed = [Requirement(line) for line in lines]
    return [need for need in parsed if need.marker is not None and need.marker.evaluate({"extra": "run"})]


def verify() -> dict[str, str]:
    """The installed version of each library of the stack; raises Refusal LLM510 naming every one that differs."""
    found, wrong = {}, []
    for need in requirements():
        try:
            version = importlib.metadata.version(need.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{need.name} is missing")
            continue
        found[need.name] = version
        if not need.specifier.contains(version, prereleases=True):
            wrong.append(f"{need.name} {version} instead of {need.specifier}")
    if wrong:
        raise Refusal("LLM510", "; ".join(wrong))
    return found
