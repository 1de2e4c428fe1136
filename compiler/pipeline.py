"""The passes in order: the page to read first.

    text ─ load, expand ─► tree ─ complete ─► full tree ─ lower ─► Experiment ─ checks ─► jobs, one a target ─► Bundle

Every pass takes its input and a Report, and gives its output, or None where there can be none. What is wrong with the
spec is a value in the report; an exception is a bug of ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from llmc.compiler import checks, contract
from llmc.compiler.analysis.batch import solve
from llmc.compiler.analysis.topology import accelerator_of, topology_of
from llmc.compiler.bundle import manifest
from llmc.compiler.bundle.render import canonical, compact_digest
from llmc.compiler.bundle.writer import Bundle
from llmc.compiler.facts.known import Facts, gather
from llmc.compiler.facts.lock import read_lock
from llmc.compiler.job import Job
from llmc.compiler.language.compose import load
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.experiment import WRITING, Experiment, lower, plain
from llmc.compiler.language.memo import Memo
from llmc.compiler.language.source import Node
from llmc.compiler.language.sweep import expand
from llmc.compiler.language.validate import complete
from llmc.compiler.language.variables import substitute
from llmc.compiler.report.markdown import plan


@dataclass(frozen=True, slots=True)
class Understood:
    """An experiment that nothing is wrong with, what is known of the world around it, and what was noticed about it."""

    experiment: Experiment
    facts: Facts
    noticed: Report


def understand(
    path: Path, shown: str, report: Report, overrides: Sequence[str] = (), *, wrong_too: bool = False
) -> Iterator[Understood]:
    """Read and check a spec, with `key=value` overrides: one experiment, or those of its sweep, one by one.

    Everything that can be wrong is in the report afterwards; experiments with an error are left out. With `wrong_too`
    those in which only a check found an error are given as well: they can be read, but not compiled.
    """
    tree = load(path, shown, report, overrides)
    if tree is None:
        return
    if report.failed:
        complete(substitute(tree, report), report)  # what could be read in spite of errors can still tell of others
        return
    folder = path.resolve().parent
    facts = gather(folder, read_lock(path, shown, report))
    memo = _in_common(tree)
    for variant, told in expand(tree, report):
        noticed = Report(sources=report.sources)
        experiment = _experiment(variant, folder, told, facts, noticed, memo)
        for diagnostic in noticed:
            report.add(diagnostic)
        if experiment and (wrong_too or not noticed.failed):
            yield Understood(experiment, facts, noticed)


def read(path: Path, shown: str, report: Report) -> list[Experiment]:
    """Read a spec's experiments and check nothing about them: all of its sweep, or none where one cannot be read."""
    tree = load(path, shown, report)
    if tree is None or report.failed:
        return []
    memo, folder = _in_common(tree), path.resolve().parent
    each = [(complete(substitute(variant, report), report, memo=memo), told) for variant, told in expand(tree, report)]
    return [] if report.failed else [lower(tree, folder, told, memo) for tree, told in each]


def _in_common(tree: Node) -> Memo:
    """What the experiments of a sweep share; empty, and of no use, where there is none."""
    memo = Memo()
    if isinstance(tree.value, dict) and "sweep" in tree.value:
        base = {name: node for name, node in tree.value.items() if name != "sweep"}
        complete(substitute(Node(base, tree.span, tree.key), Report()), Report(), memo=memo)
    memo.learning = False
    return memo


def _experiment(
    tree: Node, folder: Path, variant: str | None, facts: Facts, noticed: Report, memo: Memo
) -> Experiment | None:
    completed = complete(substitute(tree, noticed), noticed, memo=memo)
    if noticed.failed:
        return None
    experiment = lower(completed, folder, variant, memo)
    checks.run(experiment, facts, noticed)
    return experiment


def compile_spec(
    path: Path, shown: str, report: Report, out: Path | None = None, overrides: Sequence[str] = ()
) -> list[Bundle]:
    """Compile a spec into its bundles, in memory: one, or as many as its sweep has; none where anything is wrong.

    `out` is the folder for bundles, else `build` beside the spec.
    """
    bundles = [bundle_of(understood, out) for understood in understand(path, shown, report, overrides)]
    return [] if report.failed else bundles


def bundle_of(understood: Understood, out: Path | None = None) -> Bundle:
    """Make the bundle of an experiment, in memory."""
    experiment, facts = understood.experiment, understood.facts
    folder = (out or experiment.folder / "build") / experiment.name
    return Bundle(folder, _files(experiment, facts, jobs_of(understood, folder), understood.noticed))


def jobs_of(understood: Understood, folder: Path) -> list[Job]:
    """Give the job of each target of an experiment whose bundle is at `folder`."""
    experiment, facts = understood.experiment, understood.facts
    return [_job(experiment, facts, name, folder) for name in experiment.targets]


def _job(experiment: Experiment, facts: Facts, name: str, folder: Path) -> Job:
    target = experiment.targets[name]
    topology, accelerator = topology_of(experiment, name, facts), accelerator_of(target, facts)
    assert topology is not None, "targets whose machines are unknown are refused by a check"
    assert accelerator is not None, "and so are those whose accelerators are"
    batch = solve(experiment.training, topology) if experiment.training else None
    job = Job(experiment, name, target, accelerator, topology, batch)
    # Both names come from enumerations of the schema, never from the user's text.
    engine = import_module(f"llmc.compiler.engines.{_engine(experiment)}")
    base = Path(os.path.relpath(experiment.folder, folder / name)).as_posix()
    contract.begin(job, base, engine.NAME, facts.stack)
    engine.fill(job)
    import_module(f"llmc.compiler.targets.{target.kind}").fill(job)
    return job


def _engine(experiment: Experiment) -> str:
    return experiment.inference.engine if experiment.inference else "deepspeed_training"


def _files(experiment: Experiment, facts: Facts, jobs: list[Job], report: Report) -> dict[str, bytes]:
    files = {"PLAN.md": plan(experiment, jobs, report).encode()}
    origins = {}
    for job in jobs:
        for name, settings in job.structured.items():
            files[f"{job.target_name}/{name}"] = canonical(settings.tree())
            origins[f"{job.target_name}/{name}"] = settings.origins()
        for name, text in job.texts.items():
            files[f"{job.target_name}/{name}"] = text.encode()
    files[manifest.FILE] = manifest.manifest(experiment.name, _inputs(experiment, facts), files, origins)
    return files


def _inputs(experiment: Experiment, facts: Facts) -> dict[str, str]:
    """Digests of what the bundle was made from.

    The spec's is of its meaning: comments and order are no change. The lock's is of what it says of this experiment.
    """
    meant = {name: value for name, value in plain(experiment.tree).items() if name not in WRITING}
    inputs = {"experiment": compact_digest(_said(meant))}
    for path in experiment.inputs():
        inputs |= facts.files.digests(path)
    return inputs | facts.used(experiment)


def _said(value: Any) -> Any:
    """Values without nulls, which say nothing: a new optional key of the language changes no bundle."""
    if isinstance(value, dict):
        return {name: _said(child) for name, child in value.items() if child is not None}
    return value
