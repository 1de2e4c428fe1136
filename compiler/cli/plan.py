"""llmc plan: the page that a reviewer reads, on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from llmc.compiler.analysis.batch import Batch
from llmc.compiler.cli.common import answering, end, format_option, set_option, spec_argument, tell, tell_json
from llmc.compiler.job import Job
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import Understood, bundle_of, jobs_of, understand
from llmc.compiler.report.markdown import defaults, plan

EXAMPLES = {
    "llmc plan experiment.yaml": "PLAN.md, on the terminal",
    "llmc plan experiment.yaml --set training.global_batch_size=32": "the plan, were that changed",
}


@click.command("plan")
@spec_argument
@set_option
@format_option
def command(spec: Path, overrides: tuple[str, ...], form: str) -> None:
    """Print PLAN.md of SPEC: what would run, what was decided and why. Writes nothing.

    Of a sweep, print one line for each experiment; --format json has the whole plan of each.
    """
    report = Report()
    understood = list(understand(spec, str(spec), report, overrides))
    with answering(form, report, experiments=[]):
        if report.failed:
            end(report, err=True)
    if form == "json":
        tell_json(report, experiments=[_experiment(one) for one in understood])
        return
    tell(report, "text", err=True)
    for one in understood if len(understood) > 1 else ():
        click.echo(f"{one.experiment.name}  {one.experiment.variant}")
    if len(understood) == 1:
        click.echo(bundle_of(understood[0]).files["PLAN.md"].decode(), nl=False)


def _experiment(understood: Understood) -> dict[str, Any]:
    experiment = understood.experiment
    jobs = jobs_of(understood, experiment.folder / "build" / experiment.name)
    return {
        "name": experiment.name,
        "variant": experiment.variant,
        "task": experiment.task,
        "targets": [_target(job) for job in jobs],
        "defaults": dict(defaults(experiment.tree)),
        "page": plan(experiment, jobs, understood.noticed),
    }


def _target(job: Job) -> dict[str, Any]:
    return {
        "name": job.target_name,
        "kind": job.target.kind,
        "accelerator": job.accelerator,
        "nodes": job.topology.nodes,
        "ranks": job.topology.world_size,
        "batch": _batch(job.batch) if job.batch else None,
        "decisions": [{"what": decision.what, "why": decision.why} for decision in job.decisions],
    }


def _batch(batch: Batch) -> dict[str, int | bool]:
    names = ("total", "micro", "accumulation", "data_parallel", "micro_was_chosen")
    return {name: getattr(batch, name) for name in names}
