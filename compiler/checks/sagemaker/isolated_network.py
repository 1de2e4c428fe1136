"""A container that is isolated from the network can fetch and send nothing.

Why: models and data from the hub, trackers, uploads and Secrets Manager are reached over the network; each would fail.
Fix: set network_isolation to false, or give model and data by s3://, which SageMaker copies in itself.
Source: botocore 1.44.5, EnableNetworkIsolation: no inbound or outbound network calls, except between peers.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmc.compiler.checks.problem import Problem
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment, is_hub_id
from llmc.compiler.language.sections.surroundings import AwsSecret
from llmc.compiler.language.sections.targets import SageMaker

CODE, SEVERITY = "LLM464", "error"


def check(experiment: Experiment, facts: Facts) -> Iterator[Problem]:
    """Look for everything that the job would reach over the network."""
    for path, target in experiment.targets_of(SageMaker):
        if target.network_isolation:
            for key, what in (*_fetched(experiment), *_sent(experiment)):
                yield Problem(key, f"{what} from an isolated container", related=(f"{path}.network_isolation",))


def _fetched(experiment: Experiment) -> Iterator[tuple[str, str]]:
    for key, name in experiment.models():
        if is_hub_id(name):
            yield key, "the hub is not reached"
    for key, split in experiment.data.splits():
        if split.path.startswith("hf://"):
            yield f"{key}.path", "the hub is not reached"
    for name, secret in experiment.secrets.items():
        if isinstance(secret, AwsSecret):
            yield f"secrets.{name}", "Secrets Manager is not reached"


def _sent(experiment: Experiment) -> Iterator[tuple[str, str]]:
    if experiment.training is None:
        return
    trackers, upload = experiment.training.trackers, experiment.training.checkpoint.upload
    if upload:
        yield "training.checkpoint.upload", "S3 is not reached"
    if trackers.wandb and trackers.wandb.mode == "online":
        yield "training.trackers.wandb.mode", "Weights & Biases is not reached"
    if trackers.mlflow and (trackers.mlflow.tracking_uri or "").startswith(("http://", "https://")):
        yield "training.trackers.mlflow.tracking_uri", "the server is not reached"
