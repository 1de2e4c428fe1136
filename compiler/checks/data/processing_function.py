"""The function that processes rows must be where the spec says.

Why: the job would stop while it prepares its data, with an ImportError or an AttributeError.
Fix: correct data.processing.function: the module as Python imports it from the spec's folder, a colon, the function.
Source: the import system, docs.python.org/3/reference/import.html. A module that is not in the project may be installed
where the job runs; nothing is known of it here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.spelling import closest

CODE, SEVERITY = "LLM238", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Read the module, if the project has it, without running it."""
    processing = experiment.data.processing
    if processing is None:
        return
    module, _, function = processing.function.partition(":")
    top, *below = module.split(".")
    if not _module(facts.files.folder / top):
        return
    file = _module(facts.files.folder.joinpath(top, *below))
    if file is None:
        yield Problem("data.processing.function", f"the project has '{top}', and no module '{module}'")
    elif (names := _names(file)) is not None and function not in names:
        meant = closest(function, sorted(names))
        hint = f"did you mean '{module}:{meant}'?" if meant else None
        yield Problem("data.processing.function", f"module '{module}' has no function '{function}'", help=hint)


def _module(path: Path) -> Path | None:
    """The file of a module: none for a package without code of its own, which is a folder."""
    file = path.with_name(f"{path.name}.py")
    package = path / "__init__.py"
    return file if file.is_file() else package if package.is_file() else path if path.is_dir() else None


def _names(file: Path) -> set[str] | None:
    """What a module binds at its top; None where that cannot be told by reading."""
    if file.is_dir():
        return set()
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return None
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.If | ast.Try | ast.With | ast.For | ast.While):
            return None
        names |= set(_bound(node))
    return None if "*" in names else names


def _bound(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))
