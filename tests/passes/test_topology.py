"""Ranks and what computes, for each kind of target."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llmc.compiler.analysis.hosts import taking_part
from llmc.compiler.analysis.topology import Topology, accelerator_of, device_of, ranks_key, topology_of
from llmc.compiler.checks.cluster import filter_both as both
from llmc.compiler.checks.cluster import filter_empty as empty
from llmc.compiler.checks.cluster import filter_notation as notation
from llmc.compiler.checks.cluster import filter_unknown as unknown
from llmc.compiler.facts.known import gather
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.experiment import Experiment, lower
from llmc.compiler.language.sections.targets import Cluster, Host
from llmc.compiler.language.source import parse
from llmc.compiler.language.validate import complete

FACTS = gather(Path("/nowhere"))
SPEC = """
llmc: 1
name: exp
task: pretrain
model: {tokenizer: gpt2, dtype: fp32, architecture: {kind: llama, hidden_size: 64, intermediate_size: 128,
        num_hidden_layers: 2, num_attention_heads: 4, num_key_value_heads: 4, vocab_size: 1000,
        max_position_embeddings: 512}}
data: {train: {path: data.txt, format: text}, max_length: 128}
training: {max_steps: 1, global_batch_size: 8, optimizer: {kind: adamw, learning_rate: 1e-3}}
deepspeed: {zero_stage: 1}
"""
SAGEMAKER = "region: eu-west-1, role: 'arn:aws:iam::123456789012:role/x', output: 's3://acme/out', max_run: 1h"
HOSTS = "kind: cluster, accelerator: a100-80gb, hosts: [{address: a, slots: 8}, {address: b, slots: 8}]"


def experiment_on(target: str, parallelism: str = "{}") -> Experiment:
    report = Report()
    tree = parse(f"{SPEC}parallelism: {parallelism}\ntargets: {{here: {{{target}}}}}\n", "exp.yaml", report)
    assert tree
    completed = complete(tree, report)
    assert not report.failed, [d.message for d in report]
    return lower(completed, Path("/nowhere"))


@pytest.mark.parametrize(
    ("target", "nodes", "ranks", "accelerator"),
    [
        ("kind: local, slots: 4", 1, 4, "cpu"),
        ("kind: local, slots: 1, accelerator: l4-24gb", 1, 1, "l4-24gb"),
        (HOSTS, 2, 8, "a100-80gb"),
        (f"{HOSTS}, include: 'b:1,3'", 1, 2, "a100-80gb"),
        ("kind: slurm, nodes: 3, slots: 4, accelerator: h100-80gb, time: 2h", 3, 4, "h100-80gb"),
        ("kind: kubernetes, nodes: 2, slots: 8, accelerator: h200-141gb", 2, 8, "h200-141gb"),
        # 8 A100 of 40 GB each, 4 A10G, and a machine with processors alone: one rank.
        (f"kind: sagemaker, instance_type: ml.p4d.24xlarge, instance_count: 2, {SAGEMAKER}", 2, 8, "a100-40gb"),
        (f"kind: sagemaker, instance_type: ml.g5.12xlarge, {SAGEMAKER}", 1, 4, "a10g-24gb"),
        (f"kind: sagemaker, instance_type: ml.m5.xlarge, instance_count: 3, {SAGEMAKER}", 3, 1, "cpu"),
    ],
)
def test_each_kind_of_target_has_its_ranks(target: str, nodes: int, ranks: int, accelerator: str) -> None:
    experiment = experiment_on(target)
    topology = topology_of(experiment, "here", FACTS)
    assert topology == Topology(nodes, ranks)
    assert topology.world_size == topology.data_parallel == nodes * ranks
    assert accelerator_of(experiment.targets["here"], FACTS) == accelerator
    device = device_of(experiment.targets["here"], FACTS)
    assert device
    assert device.id == accelerator


def test_unknown_machines_have_no_topology() -> None:
    experiment = experiment_on(f"kind: sagemaker, instance_type: ml.p9.48xlarge, {SAGEMAKER}")
    target = experiment.targets["here"]
    assert topology_of(experiment, "here", FACTS) is None
    assert accelerator_of(target, FACTS) is None
    assert device_of(target, FACTS) is None
    assert device_of(experiment_on("kind: local, accelerator: abacus").targets["here"], FACTS) is None


@pytest.mark.parametrize(("parallelism", "groups"), [("{}", 16), ("{sequence: 4}", 4), ("{sequence: 4, tensor: 2}", 2)])
def test_ranks_of_one_model_see_the_same_data(parallelism: str, groups: int) -> None:
    topology = topology_of(experiment_on(HOSTS, parallelism), "here", FACTS)
    assert topology
    assert (topology.world_size, topology.data_parallel) == (16, groups)


@pytest.mark.parametrize("parallelism", ["{tensor: 3}", "{sequence: 32}"])
def test_ranks_that_cannot_be_grouped_are_no_groups(parallelism: str) -> None:
    topology = topology_of(experiment_on(HOSTS, parallelism), "here", FACTS)
    assert topology
    assert topology.data_parallel == 0


def test_machines_may_differ() -> None:
    uneven = HOSTS.replace("b, slots: 8", "b, slots: 4")
    topology = topology_of(experiment_on(uneven), "here", FACTS)
    assert topology
    assert (topology.nodes, topology.ranks_per_node, topology.slots, topology.world_size) == (2, 8, (8, 4), 12)


@pytest.mark.parametrize(
    ("target", "key"),
    [
        (HOSTS, "hosts"),
        (f"kind: sagemaker, instance_type: ml.p4d.24xlarge, {SAGEMAKER}", "instance_count"),
        ("kind: slurm, nodes: 3, slots: 4, accelerator: h100-80gb, time: 2h", "slots"),
    ],
)
def test_every_kind_of_target_has_a_key_for_its_ranks(target: str, key: str) -> None:
    experiment = experiment_on(target)
    assert ranks_key(experiment.targets["here"]) == key
    assert experiment.node(f"targets.here.{key}") is not experiment.node("targets.here")


def cluster(**changed: Any) -> Cluster:
    plain = experiment_on(HOSTS).targets["here"]
    assert isinstance(plain, Cluster)
    names = {name: getattr(plain, name) for name in Cluster.__dataclass_fields__}
    return Cluster(**{**names, "hosts": [Host("w0", 4), Host("w1", 4), Host("w-2", 2)], **changed})


FILTERS = [
    {},
    {"include": "w1"}, {"include": "w1@w0"}, {"include": "w0:1,3@w-2"}, {"include": "w0:3,1"}, {"include": "w0:1@w0:2"},
    {"include": "w0@w0:1"},
    {"exclude": "w0"}, {"exclude": "w0:0"}, {"exclude": "w0:0,1,2,3@w-2:1"}, {"exclude": "w0@w1"},
    # What DeepSpeed stops at.
    {"include": "w9"}, {"include": "w0:4"}, {"exclude": "w-2:2"}, {"include": "w0", "exclude": "w1"},
    {"include": "w0:"}, {"include": "w0:a"}, {"include": "w0 @w1"}, {"exclude": "w0@w1@w-2"},
]  # fmt: skip


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_what_leaves_no_machine_is_told(filters: dict[str, str]) -> None:
    target = cluster(**filters)
    experiment = replace(experiment_on(HOSTS), targets={"here": target})
    told = [problem for one in (empty, notation, unknown, both) for problem in one.check(experiment, FACTS)]
    assert len(told) == (0 if taking_part(target) else 1)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_filters_mean_what_deepspeed_reads(filters: dict[str, str]) -> None:
    from deepspeed.launcher.runner import parse_inclusion_exclusion

    target = cluster(**filters)
    pool = {host.address: host.slots for host in target.hosts}
    try:
        left = parse_inclusion_exclusion(pool, target.include or "", target.exclude or "")
    except ValueError:
        left = {}
    expected = [(name, tuple(slots)) for name, slots in left.items()]
    assert list((taking_part(target) or {}).items()) == expected
