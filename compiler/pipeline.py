"""The passes in order: the page to read first.

    text ─ compose ─► tree ─ complete ─► full tree ─ lower ─► Experiment ─ checks ─► jobs, one a target ─► Bundle

Every pass takes its input and a Report, and gives its output, or None where there can be none. What is wrong with the
spec is a value in the report; an exception is a bug of ours.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from llmc.compiler import checks, contract
from llmc.compiler.analysis.batch import solve
from llmc.compiler.analysis.topology import topology_of
from llmc.compiler.bundle import manifest
from llmc.compiler.bundle.render import canonical, compact_digest
from llmc.compiler.bundle.writer import Bundle
from llmc.compiler.facts.known import Facts, gather
from llmc.compiler.job import Job
from llmc.compiler.language.compose import load
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.experiment import Experiment, lower, plain
from llmc.compiler.language.validate import complete
from llmc.compiler.report.markdown import plan


def understand(
    path: Path, shown: str, report: Report, overrides: Sequence[str] = ()
) -> tuple[Experiment, Facts] | None:
    """Read and check a spec, with `key=value` overrides: everything that can be wrong is in the report afterwards."""
    tree = load(path, shown, report, overrides)
    if tree is None:
        return None
    tree = complete(tree, report)
    if report.failed:
        return None
    experiment = lower(tree, path.resolve().parent)
    facts = gather(experiment.folder)
    checks.run(experiment, facts, report)
    return None if report.failed else (experiment, facts)


def compile_spec(
    path: Path, shown: str, report: Report, out: Path | None = None, overrides: Sequence[str] = ()
) -> Bundle | None:
    """Compile a spec into its bundle, in memory. `out` is the folder for bundles, else `build` beside the spec."""
    understood = understand(path, shown, report, overrides)
    if understood is None:
        return None
    experiment, facts = understood
    folder = (out or experiment.folder / "build") / experiment.name
    jobs = [_job(experiment, facts, name, folder) for name in experiment.targets]
    return Bundle(folder, _files(experiment, facts, jobs, report))


def _job(experiment: Experiment, facts: Facts, name: str, folder: Path) -> Job:
    target = experiment.targets[name]
    topology = topology_of(target)
    batch = solve(experiment.training, topology) if experiment.training else None
    job = Job(experiment, name, target, topology, batch)
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
    """Digests of what the bundle was made from. The spec's is of its meaning: comments and order are no change."""
    inputs = {"experiment": compact_digest(plain(experiment.tree))}
    for path in experiment.inputs():
        inputs |= facts.files.digests(path)
    return inputs
