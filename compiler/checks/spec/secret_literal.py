"""A spec must not contain a secret.

Why: specs are committed, and every value of a spec ends up in files that people read and in logs.
Fix: revoke the token, and name it in `secrets`, which says where the job finds it.
Source: prefixes documented by Hugging Face (hf_), GitHub (ghp_, github_pat_), AWS (AKIA, ASIA) and OpenAI (sk-).
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.secrets import TOKEN, is_secret
from llmc.compiler.language.source import Node

CODE, SEVERITY = "LLM211", "error"

_VARIABLES = ".environment."


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look at every text of the spec; the finding never repeats the secret."""
    for path, text in _texts(experiment.tree, ""):
        if TOKEN.search(text) or (_VARIABLES in path and is_secret(path.rpartition(".")[2], text)):
            yield Problem(path, f"{path} holds what looks like an access token")


def _texts(node: Node, path: str) -> Iterator[tuple[str, str]]:
    if node.origin == "default":
        return
    if isinstance(node.value, str):
        yield path, node.value
    elif isinstance(node.value, dict):
        for name, child in node.value.items():
            yield from _texts(child, f"{path}.{name}" if path else name)
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from _texts(child, f"{path}[{index}]")
