"""The versions of the libraries that a bundle was written for, and those found here."""

import importlib.metadata

from llmc.runtime.refusal import Refusal


def verify(wanted: dict[str, str]) -> dict[str, str]:
    """The installed version of each library in `wanted`; raises Refusal LLM510 naming every one that differs."""
    found, wrong = {}, []
    for name, version in sorted(wanted.items()):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{name} {version} is not installed")
            continue
        # Builds of one version differ in their local part: 2.13.0+cpu is 2.13.0.
        if found[name].partition("+")[0] != version:
            wrong.append(f"{name} is {found[name]} instead of {version}")
    if wrong:
        raise Refusal("LLM510", "; ".join(wrong))
    return found
