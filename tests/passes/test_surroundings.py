"""What the checks of targets know of the world: the data keeps its sources, and agrees with Amazon's own."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.loaders import Loader

from llmc import schemas
from llmc.compiler.facts.sagemaker import limit, partition_of, registry_region
from llmc.compiler.facts.variables import obsolete, owner_of


def test_every_figure_names_a_source() -> None:
    limits = schemas.load("catalog/sagemaker.json")
    sourced = [*limits["limits"].values(), limits["partitions"]]
    assert {row["source"] for row in sourced} == set(limits["sources"])
    variables = schemas.load("catalog/variables.json")
    rows = [*variables["owned"], *variables["obsolete"]]
    assert {row["source"] for row in rows} == set(variables["sources"])
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names)
    assert all(source["date"] >= "2026" for data in (limits, variables) for source in data["sources"].values())


def test_limits_are_those_of_the_api() -> None:
    shapes: dict[str, Any] = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    assert limit("tags") == shapes["TagList"]["max"]
    assert limit("variables") == shapes["TrainingEnvironmentMap"]["max"]
    assert limit("keep_alive_seconds") == shapes["KeepAlivePeriodInSeconds"]["max"]
    prose = shapes["StoppingCondition"]["members"]["MaxRuntimeInSeconds"]["documentation"]
    days = re.search(r"maximum value is (\d+) days", prose)
    assert days
    assert limit("max_run_seconds") == int(days[1]) * 24 * 3600


def test_regions_are_in_the_partition_that_amazon_says() -> None:
    partitions = json.loads((Path(botocore.__file__).parent / "data/partitions.json").read_text())["partitions"]
    regions = [(region, partition["id"]) for partition in partitions for region in partition["regions"]]
    assert len(regions) > 30
    real = [(region, name) for region, name in regions if re.fullmatch(r"[a-z]+(-[a-z]+)+-\d", region)]
    assert [(region, partition_of(region)) for region, _ in real] == real
    suffixes = {partition["outputs"]["dnsSuffix"] for partition in partitions}
    assert set(schemas.load("catalog/sagemaker.json")["partitions"]["registry_suffixes"]) == suffixes


@pytest.mark.parametrize(
    ("image", "region"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/llmc:v1", "eu-west-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/a/b", "us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/llmc", "cn-north-1"),
        ("public.ecr.aws/deep-learning-containers/pytorch", None),
        ("123456789012.dkr.ecr.eu-west-1.example.com/llmc", None),
        ("evil.example/123456789012.dkr.ecr.eu-west-1.amazonaws.com/llmc", None),
        ("python", None),
    ],
)
def test_the_registry_says_where_an_image_is(image: str, region: str | None) -> None:
    assert registry_region(image) == region


def test_variables_have_owners_where_they_hold() -> None:
    assert owner_of("SLURM_NTASKS", "slurm") == "Slurm"
    assert owner_of("SLURM_NTASKS", "local") is None
    assert owner_of("NCCL_SOCKET_IFNAME", "sagemaker") is None
    assert owner_of("NCCL_SOCKET_IFNAME", "cluster") == "the key network_interface"
    assert owner_of("SM_HOSTS", "sagemaker") == "SageMaker's toolkit"
    assert owner_of("RANKS", "local") is owner_of("MY_RANK", "local") is None
    assert obsolete("RDMAV_HUGEPAGES_SAFE")
    assert obsolete("NCCL_DEBUG") is None


def test_torch_sets_what_the_launcher_is_said_to_own() -> None:
    found = importlib.util.find_spec("torch")
    assert found
    assert found.origin
    agent = Path(found.origin).parent / "distributed/elastic/agent/server/local_elastic_agent.py"
    worker_env = re.search(r"worker_env = \{(.*?)\n            \}", agent.read_text(), re.DOTALL)
    assert worker_env
    names = set(re.findall(r'"([A-Z_]+)":', worker_env[1])) - {"TORCH_NCCL_ASYNC_ERROR_HANDLING"}
    assert len(names) > 10
    assert {name for name in names if owner_of(name, "local") is None} == set()
