"""What is wrong with an experiment: one mistake per file, in a folder for each subject, found by being there.

A check is a module with a docstring (its page in `llmc explain`), `CODE`, `SEVERITY`, and `check(experiment, facts)`,
which yields a Problem for each place. It speaks of keys; this file knows where they stand.

A check that asks the lock says what for: `NEEDS = ("model",)`, `("tokenizer",)` or `("data",)`. Where that is not known
it does not run, and LLM230 says so; `applies(experiment)`, where a check has it, keeps it out of that message when it
would have nothing to ask.
"""

from __future__ import annotations

import pkgutil
import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from itertools import chain
from types import ModuleType

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.diagnostics import Diagnostic, Related, Report, Span
from llmc.compiler.language.experiment import Experiment

_SECTION = re.compile(r"\b(Why|Fix|Source): (.*?)(?= (?:Why|Fix|Source): |$)")


@cache
def all_checks() -> tuple[ModuleType, ...]:
    """Every check, by code."""
    families = (info.name for info in pkgutil.iter_modules(__path__) if info.ispkg)
    found = (_members(import_module(f"{__name__}.{family}")) for family in families)
    return tuple(sorted(chain.from_iterable(found), key=lambda module: str(module.CODE)))


def _members(family: ModuleType) -> Iterator[ModuleType]:
    for info in pkgutil.iter_modules(family.__path__):
        yield import_module(f"{family.__name__}.{info.name}")


def run(experiment: Experiment, facts: Facts, report: Report) -> None:
    """Run every check and report what they find."""
    missing, skipped = facts.missing(experiment), []
    for module in all_checks():
        if any(need in missing for need in needs(module)):
            skipped += [module] if not hasattr(module, "applies") or module.applies(experiment) else []
            continue
        for problem in module.check(experiment, facts):
            report.add(_located(problem, module, experiment))
    if skipped and facts.lock.readable:
        report.add(_not_run(skipped, missing, experiment))


def needs(module: ModuleType) -> tuple[str, ...]:
    """Which facts of the lock a check cannot do without."""
    return tuple(getattr(module, "NEEDS", ()))


def _not_run(skipped: list[ModuleType], missing: dict[str, str], experiment: Experiment) -> Diagnostic:
    lacking = sorted({need for module in skipped for need in needs(module) if need in missing})
    path = next(missing[need] for need in ("model", "tokenizer", "data") if need in lacking)
    codes = ", ".join(str(module.CODE) for module in skipped)
    return Diagnostic(
        "LLM230",
        f"nothing is known of the {' and the '.join(lacking)} here, so these checks did not run: {codes}",
        _span(experiment, path),
        path,
        "info",
        why="what they look for would be found when the job runs, or not at all",
        help=f"run `llmc lock {shlex.quote(experiment.tree.span.file)}`, which asks once and writes the answers down",
    )


def _located(problem: Problem, module: ModuleType, experiment: Experiment) -> Diagnostic:
    related = tuple(Related(_span(experiment, path), f"{path} stands here") for path in problem.related)
    return Diagnostic(
        module.CODE,
        problem.message,
        _span(experiment, problem.path, problem.of_key),
        problem.path,
        module.SEVERITY,
        why=problem.why or section(module, "Why"),
        help=problem.help or section(module, "Fix"),
        related=related,
    )


def _span(experiment: Experiment, path: str, of_key: bool = False) -> Span:
    node = experiment.node(path)
    if of_key and node.key:
        return node.key
    # A default was typed nowhere: point at the section that lacks it.
    return node.span if node.origin == "spec" and not isinstance(node.value, (dict, list)) else node.place


def section(module: ModuleType, name: str) -> str | None:
    r"""Give the part of a check's docstring that starts with `name:`, on one line.

    >>> import types; section(types.ModuleType("m", "Title.\n\nWhy: because\n  of that.\nFix: mend it."), "Why")
    'because of that.'
    """
    return dict(_SECTION.findall(" ".join((module.__doc__ or "").split()))).get(name)
