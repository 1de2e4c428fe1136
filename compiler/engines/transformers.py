"""Inference by transformers' generate: needs no configuration beyond run.json."""

from __future__ import annotations

from llmc.compiler.job import Job

NAME = "transformers"


def fill(job: Job) -> None:
    """Add no file: generation settings travel in run.json, and each rank loads the whole model."""
    job.run.put("deepspeed", None, "fixed: plain generation needs none")
