"""This machine: ranks are processes, started by torchrun; no scheduler, no container."""

from __future__ import annotations

from llmc.compiler.bundle.render import render
from llmc.compiler.job import Job, origin_of
from llmc.compiler.language.experiment import is_folder
from llmc.compiler.language.sections.targets import Local


def fill(job: Job) -> None:
    """Add how to start the job here: the environment of the ranks, and a script for people without our CLI."""
    name = f"targets.{job.target_name}"
    job.run.put("launch.nodes", job.topology.nodes, "derived: one machine")
    job.run.take("launch.processes_per_node", job.experiment, f"{name}.slots")
    _environment(job, name)
    job.texts["launch.sh"] = render("launch.sh", name=job.experiment.name, target=job.target_name)


def _environment(job: Job, name: str) -> None:
    put = job.run.put
    assert isinstance(job.target, Local), "the pipeline chooses by kind"
    put("launch.environment.DS_ACCELERATOR", job.accelerator, origin_of(job.experiment, f"{name}.accelerator"))
    threads = origin_of(job.experiment, f"{name}.threads_per_rank")
    put("launch.environment.OMP_NUM_THREADS", str(job.target.threads_per_rank), threads)
    put("launch.environment.TOKENIZERS_PARALLELISM", "false", "fixed: tokenizers' threads do not survive a fork")
    model = job.experiment.model
    local = all(name is None or is_folder(name) for name in (model.name_or_path, model.tokenizer))
    if local and "HF_HUB_OFFLINE" not in job.target.environment:
        # Nothing is fetched while ranks run where nothing needs to be.
        put("launch.environment.HF_HUB_OFFLINE", "1", "derived: model and tokenizer are folders")
    for variable in job.target.environment:
        job.run.take(f"launch.environment.{variable}", job.experiment, f"{name}.environment.{variable}")
