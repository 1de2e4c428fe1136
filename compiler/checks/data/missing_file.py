"""A relative path names a file of the project, so the file must be there.

Why: the job would start, load the model for minutes and then fail to open its data.
Fix: correct the path; relative ones start at the spec's folder. A path on the machine that runs the job is absolute.
Source: the most common first failure of the ancestor toolkit: a data path that exists on the author's machine alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment, is_remote

CODE, SEVERITY = "LLM205", "error"

_REMOTE = ("s3://", "hf://datasets/")


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for data and tokenizer files. Weights and earlier runs may come later: the run itself checks those first."""
    for key, path in experiment.paths():
        if not key.startswith("data.") and key not in ("model.tokenizer", "model.chat_template"):
            continue
        if path.startswith(_REMOTE):
            continue
        if is_remote(path) or path.startswith("~"):
            hint = "write a path of a file system, s3://bucket/prefix, or hf://datasets/owner/name"
            yield Problem(key, f"'{path}' is neither a relative nor an absolute path", help=hint)
        elif facts.files.is_here(path) is False:
            yield Problem(key, f"there is no '{path}' here", help=_similar(facts.files.folder / path, path))


def _similar(place: Path, path: str) -> str | None:
    """Suggest a file of the same folder with a similar name."""
    if not place.parent.is_dir():
        return None
    close = difflib.get_close_matches(place.name, sorted(file.name for file in place.parent.iterdir()), n=1)
    return f"did you mean '{PurePosixPath(path).parent / close[0]}'?" if close and close[0] != place.name else None
