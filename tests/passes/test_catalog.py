"""What is known of hardware and stacks: the data keeps its schema and its sources, and makes sense."""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from oracle import validator

from llmc import schemas
from llmc.compiler.cli.catalog import command
from llmc.compiler.facts import hardware
from llmc.compiler.facts.hardware import accelerator, accelerator_ids, instance, instance_names
from llmc.compiler.facts.stack import default_stack

ROOT = Path(__file__).parents[2]
ACCELERATORS = schemas.load("catalog/accelerators.json")
INSTANCES = schemas.load("catalog/instances.json")
STACKS = schemas.load("catalog/stacks.json")
NO_FIGURES = ("name", "kind", "note", "sources")


@pytest.mark.parametrize("name", ["accelerators", "instances", "stacks"])
def test_the_data_keeps_its_schema(name: str) -> None:
    errors = list(validator(f"catalog/{name}.schema.json").iter_errors(schemas.load(f"catalog/{name}.json")))
    assert not errors, errors[0].message


def _figures(row: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in row.items():
        if isinstance(value, dict):
            yield from _figures(value, f"{prefix}{key}.") if key != "sources" else ()
        elif value is not None and key not in NO_FIGURES:
            yield f"{prefix}{key}"


@pytest.mark.parametrize("name", ACCELERATORS["accelerators"])
def test_every_figure_of_an_accelerator_has_a_source(name: str) -> None:
    row = ACCELERATORS["accelerators"][name]
    assert set(row["sources"]) <= {"default", *_figures(row)}, "no source without a figure"
    assert set(row["sources"].values()) <= set(ACCELERATORS["sources"])


def test_every_figure_of_an_instance_has_a_source() -> None:
    usual = INSTANCES["usual_sources"]
    for name, row in INSTANCES["instances"].items():
        own = row.get("sources", {})
        assert set(own) <= {"default", *_figures(row)}, name
        for figure in _figures(row):
            source = own.get(figure) or usual.get(figure) or own.get("default") or usual["default"]
            assert source in INSTANCES["sources"], (name, figure)


def _named_sources(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in value.items():
            if key == "sources":
                yield from child.values()
            elif key == "source":
                yield child
            else:
                yield from _named_sources(child)
    elif isinstance(value, list):
        for child in value:
            yield from _named_sources(child)


@pytest.mark.parametrize("data", [ACCELERATORS, INSTANCES, STACKS], ids=["accelerators", "instances", "stacks"])
def test_no_source_is_unknown_or_unused(data: dict[str, Any]) -> None:
    rest = {key: value for key, value in data.items() if key != "sources"}
    used = {*_named_sources(rest), *data.get("usual_sources", {}).values()}
    assert used == set(data["sources"])


@pytest.mark.parametrize("name", accelerator_ids())
def test_an_accelerator_makes_sense(name: str) -> None:
    found = accelerator(name)
    assert found
    if found.kind == "cpu":
        return
    assert re.search(r"(\d+)gb$", name), "the id ends with its memory"
    assert found.memory_gb
    assert name.endswith(f"-{found.memory_gb}gb")
    assert 8 <= found.memory_gb <= 288
    # Sold in 10^9 or in 2^30 bytes; what torch sees is less than the larger reading, and no tenth below the smaller.
    if found.usable_gib:
        assert 0.9 * found.memory_gb * 1e9 / 2**30 < found.usable_gib < found.memory_gb
    assert (found.kind == "cuda") == (found.capability is not None)
    if found.capability:
        assert found.bf16 == (found.capability >= (8, 0))
        assert (found.bf16_tflops is None) or found.bf16
    if found.mamf_tflops:
        assert found.bf16_tflops
        assert 0.7 * found.bf16_tflops < found.mamf_tflops < found.bf16_tflops
    if found.host_gb_per_s and found.link_gb_per_s and found.memory_gb_per_s:
        assert found.host_gb_per_s < found.link_gb_per_s < found.memory_gb_per_s


def test_accelerators_have_the_memory_that_instances_sell() -> None:
    for name, row in INSTANCES["instances"].items():
        held = accelerator(row["accelerator"])
        assert held, name
        if held.kind == "cpu":
            assert (row["count"], row["accelerator_mib"]) == (1, None), name
        elif row["accelerator_mib"]:
            # EC2 reports what is sold, or a little less; torch sees less again.
            each = row["accelerator_mib"] / row["count"] / 1024
            assert (held.usable_gib or 0) < each <= (held.memory_gb or 0), name
            assert each > 0.92 * (held.memory_gb or 0) * 1e9 / 2**30, name


def test_instances_make_sense() -> None:
    for name in instance_names():
        found = instance(name)
        assert found
        assert all(0.01 < price.usd_per_hour < 500 for price in found.prices.values()), name
        if found.memory_mib and found.vcpus:
            assert 0.9 <= found.memory_mib / 1024 / found.vcpus <= 33, name
        if found.efa_interfaces:
            assert (found.network_gbps or 0) >= 25, f"{name}: EFA comes with the large sizes"
        if len(found.prices) == 2:
            assert found.prices["sagemaker"].usd_per_hour > found.prices["ec2"].usd_per_hour, name


def test_the_larger_of_a_family_costs_more() -> None:
    families: dict[str, list[tuple[int, float]]] = {}
    for name in instance_names():
        found = instance(name)
        assert found
        if found.vcpus and "ec2" in found.prices and found.accelerator == "cpu":
            families.setdefault(name.rsplit(".", 1)[0], []).append((found.vcpus, found.prices["ec2"].usd_per_hour))
    for family, sizes in families.items():
        hourly = [price for _, price in sorted(sizes)]
        assert hourly == sorted(hourly), family


@cache
def _installed(package: str, path: str) -> Any:
    """Read a data file of an installed package without importing it."""
    spec = importlib.util.find_spec(package)
    assert spec
    assert spec.origin
    return json.loads(gzip.decompress((Path(spec.origin).parent / path).read_bytes()))


USES = {
    "training": "TrainingInstanceType",
    "processing": "ProcessingInstanceType",
    "transform": "TransformInstanceType",
    "hosting": "ProductionVariantInstanceType",
    "cluster": "ClusterInstanceType",
}


@pytest.mark.parametrize("use", USES)
def test_the_instances_are_those_of_the_api(use: str) -> None:
    shapes = _installed("botocore", "data/sagemaker/2017-07-24/service-2.json.gz")["shapes"]
    offered = set(shapes[USES[use]]["enum"])
    ours = {name for name in instance_names() if use in INSTANCES["instances"][name]["uses"]}
    assert ours <= offered
    if use in ("training", "processing", "transform"):
        assert ours == offered, "whatever a job can be submitted to is known"


def test_the_instances_are_what_ec2_says() -> None:
    described = _installed("moto", "ec2/resources/instance_types.json.gz")
    seen = 0
    for name, row in INSTANCES["instances"].items():
        told = described.get(name.removeprefix("ml."))
        if told is None:
            assert row["sources"]["default"] != "ec2"
            continue
        seen += 1
        assert row["vcpus"] == told["VCpuInfo"]["DefaultVCpus"]
        assert row["memory_mib"] == told["MemoryInfo"]["SizeInMiB"]
        assert row["nvme_gb"] == told.get("InstanceStorageInfo", {}).get("TotalSizeInGB", 0)
        assert row["efa_interfaces"] == told["NetworkInfo"].get("EfaInfo", {}).get("MaximumEfaInterfaces", 0)
        devices = [*told.get("GpuInfo", {}).get("Gpus", []), *told.get("NeuronInfo", {}).get("NeuronDevices", [])]
        assert row["count"] == sum(device["Count"] for device in devices) or row["accelerator"] == "cpu"
    assert seen > 200


@pytest.mark.parametrize(
    ("name", "accelerators", "share"),
    [("ml.p4d.24xlarge", "a100-40gb", 50), ("ml.p5.48xlarge", "h100-80gb", 400), ("ml.g5.12xlarge", "a10g-24gb", 10)],
)
def test_known_instances(name: str, accelerators: str, share: float) -> None:
    # Published: 8 A100 with 400 Gbit/s, 8 H100 with 3200, 4 A10G with 40.
    found = instance(name)
    assert found
    assert (found.accelerator, found.network_gbps_per_accelerator) == (accelerators, share)


def test_what_is_not_known_is_none() -> None:
    assert accelerator("a100") is None
    assert instance("p4d.24xlarge") is None
    unpriced = instance("ml.p5e.48xlarge")
    assert unpriced
    assert unpriced.prices == {}
    assert hardware.overhead("cuda_context_gib").low < hardware.overhead("torch_distributed_gib").high


@pytest.mark.parametrize(
    ("feature", "can", "cannot"),
    [
        ("flash_attention_2", ["a100-80gb", "l4-24gb", "b200-192gb"], ["t4-16gb", "v100-32gb", "cpu", "trainium-32gb"]),
        ("flash_attention_3", ["h100-80gb", "h200-141gb"], ["a100-80gb", "l40s-48gb", "b200-192gb", "cpu"]),
        ("bf16", ["a10g-24gb", "b300-288gb", "cpu"], ["t4-16gb", "v100-16gb"]),
        ("bnb_4bit", ["t4-16gb", "cpu"], ["k80-12gb"]),
        ("liger", ["a10g-24gb"], ["t4-16gb", "cpu"]),
        ("flex_attention", ["a10g-24gb"], ["cpu"]),
    ],
)
def test_features_know_their_hardware(feature: str, can: list[str], cannot: list[str]) -> None:
    wanted = default_stack().features[feature]
    for name in [*can, *cannot]:
        held = accelerator(name)
        assert held
        assert wanted.runs_on(held) == (name in can), name


def test_flex_attention_generates_on_the_cpu() -> None:
    cpu = accelerator("cpu")
    assert cpu
    assert default_stack().features["flex_attention"].runs_on(cpu, training=False)


def test_extras_install_the_optional_packages() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    for name, package in default_stack().optional.items():
        assert package.wheel == (package.extra is not None), "what has no wheel has no extra"
        if package.extra:
            assert f"{name}=={package.version}" in setup["options.extras_require"][package.extra].split()


def test_features_name_packages_of_the_stack() -> None:
    stack = default_stack()
    assert {feature.package for feature in stack.features.values()} <= {*stack.versions, *stack.optional}
    assert stack.lowest_capability == (7, 5)
    assert stack.lowest_python == (3, 11)


@pytest.mark.parametrize("kind", ["accelerators", "instances", "stacks"])
def test_catalog_json_keeps_its_schema(kind: str) -> None:
    done = CliRunner().invoke(command, [kind, "--format", "json"])
    answer = json.loads(done.stdout)
    validator("catalog.schema.json").validate(answer)
    assert len(answer[kind]) == len(schemas.load(f"catalog/{kind}.json")[kind])


def test_catalog_text_tells_a_price_with_its_date_and_says_unknown() -> None:
    done = CliRunner().invoke(command, ["instances", "p4d"])
    head, row, *notes = done.stdout.splitlines()
    assert row.split()[:4] == ["ml.p4d.24xlarge", "8", "x", "a100-40gb"]
    assert row.endswith("21.957642"[:7])
    assert "$/h ec2" in head
    assert any("EC2, on demand" in note and "us-east-1, 2026-07-20" in note for note in notes)
    assert any("us-east-1, 2025-01-26; older than the cuts" in note for note in notes)
    assert " unknown " in CliRunner().invoke(command, ["instances", "p4de"]).stdout


def test_catalog_filters_by_every_word() -> None:
    done = CliRunner().invoke(command, ["instances", "H100", "processing", "--format", "json"])
    assert [row["name"] for row in json.loads(done.stdout)["instances"]] == ["ml.p5.4xlarge"]
    nothing = CliRunner().invoke(command, ["accelerators", "a1000"])
    assert (nothing.exit_code, nothing.stdout) == (1, "no accelerators match\n")
    assert "torch==2.13.0" in CliRunner().invoke(command, ["stacks"]).stdout


def test_compiling_for_this_machine_reads_no_instances(cases: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from llmc import schemas
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import compile_spec
read, load = [], schemas.load
schemas.load = lambda name: read.append(name) or load(name)
assert compile_spec(Path({str(cases / "ok/sft-lora.yaml")!r}), "exp.yaml", Report(), Path("/nowhere"))
print("catalog/stacks.json" in read, "catalog/instances.json" in read)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\n"
