"""Counts of parameters from config.json: what is published, what must be refused, and what it costs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from llmc import schemas
from llmc.compiler.facts.architectures import families
from llmc.compiler.facts.model_card import ModelCard
from llmc.compiler.facts.modules import numbers
from llmc.compiler.facts.parameters import Counted, count, counted, trainable
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.sections.model import Lora, QLora
from llmc.compiler.pipeline import understand

MODELS = json.loads((Path(__file__).parent / "models.json").read_text())["models"]
LLAMA = {"model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 1000}  # fmt: skip


def test_published_models_have_as_many_as_is_published() -> None:
    found = {name: count(row["config"]) for name, row in MODELS.items()}
    assert None not in found.values()
    published = {name: row["parameters"] for name, row in MODELS.items() if "parameters" in row}
    assert len(published) > 70
    assert {name: found[name].total for name in published} == published
    active = {name: row["active"] for name, row in MODELS.items() if "active" in row}
    assert {name: found[name].active for name in active} == active


def test_a_model_is_the_sum_of_its_parts() -> None:
    # By hand: attention 2 * 64 * 64 + 2 * 64 * 32, MLP 3 * 64 * 128, two norms, twice; embedding, output, last norm.
    parameters = count(LLAMA)
    assert parameters is not None
    layer = parameters.layers[0]
    assert [numbers(part) for part in (layer.attention, layer.mlp, layer.norms)] == [12288, 24576, 128]
    assert (layer.parameters, parameters.largest_layer, list(layer.places)) == (36992, 36992, [0, 1])
    assert (parameters.embeddings, parameters.linear) == (128000, 2 * 36864)
    assert (parameters.total, parameters.active, parameters.experts) == (202048, 202048, 0)


@pytest.mark.parametrize(
    ("model_type", "tied"),
    [("gemma", True), ("gpt2", True), ("opt", True), ("falcon", True), ("llama", False), ("qwen3", False)],
)
def test_a_key_that_is_left_out_means_what_the_class_says(model_type: str, tied: bool) -> None:
    parameters = count({"model_type": model_type})
    assert parameters is not None
    assert parameters.tied is tied


REFUSED: list[dict[str, Any]] = [
    {},
    {"model_type": "mamba"},
    {"model_type": ["llama"]},
    {"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}},
    {"model_type": "gpt2", "add_cross_attention": True},
    LLAMA | {"hidden_size": None},
    LLAMA | {"hidden_size": "64"},
    LLAMA | {"hidden_size": 64.0},
    LLAMA | {"hidden_size": True},
    LLAMA | {"hidden_size": 0},
    LLAMA | {"hidden_size": -64},
    LLAMA | {"num_attention_heads": 0},
    LLAMA | {"num_hidden_layers": 10**15},
    LLAMA | {"vocab_size": 10**100},
    LLAMA | {"mlp_bias": "no"},
    LLAMA | {"tie_word_embeddings": 1},
    {"model_type": "qwen3_moe", "mlp_only_layers": "all"},
    {"model_type": "t5", "feed_forward_proj": "gated-gelu-new"},
]


@pytest.mark.parametrize("config", REFUSED, ids=range(len(REFUSED)))
def test_what_is_not_known_is_refused(config: dict[str, Any]) -> None:
    assert count(config) is None
    assert trainable(config, None) is None


def test_families_and_catalogue_name_the_same_types() -> None:
    rows = schemas.load("catalog/architectures.json")["types"]
    named = {name: family.__name__.rpartition(".")[2] for family in families() for name in family.TYPES}
    assert {name: row["family"] for name, row in rows.items()} == named
    assert len(named) == sum(len(family.TYPES) for family in families()) > 50


def test_a_count_takes_less_than_fifty_microseconds() -> None:
    def once(config: dict[str, Any]) -> float:
        began = time.process_time()
        for _ in range(200):
            parameters = count(config)
            assert parameters
            assert parameters.total
        return (time.process_time() - began) / 200

    for name in ("llama-3-8b", "qwen3-30b-a3b", "deepseek-v3", "opt-350m"):
        assert min(once(MODELS[name]["config"]) for _ in range(9)) < 50e-6, name


def lora(targets: list[str] | str, r: int = 8, save: tuple[str, ...] = (), kind: Any = "lora", drop: float = 0) -> Lora:
    return Lora(kind, r, 16, drop, targets, list(save))


# By hand, of LLAMA with rank 8: 2 layers, q 64 -> 64, k and v 64 -> 32, o 64 -> 64, gate and up 64 -> 128, down back.
TRAINED = {
    "queries and values": (lora(["q_proj", "v_proj"]), 2 * 8 * (128 + 96)),
    "all linear layers": (lora("all-linear"), 2 * 8 * (128 + 96 + 96 + 128 + 3 * 192)),
    "with magnitudes": (lora(["q_proj", "v_proj"], kind="dora"), 2 * 8 * (128 + 96) + 2 * (64 + 32)),
    "one layer": (lora(["layers.1.self_attn.q_proj"]), 8 * 128),
    "the output": (lora(["lm_head"]), 8 * 1064),
    "the embedding": (lora(["embed_tokens"]), 8 * 1064),
    "a head that is saved": (lora(["q_proj"], save=("lm_head",)), 2 * 8 * 128 + 64000),
    "a block that is saved": (lora("all-linear", save=("mlp",)), 2 * 8 * (128 + 96 + 96 + 128) + 2 * 3 * 8192),
    "norms that are saved": (lora(["q_proj"], save=("norm",)), 2 * 8 * 128 + 5 * 64),
    "a quantised model": (QLora("qlora", 8, 16, 0.1, ["o_proj"], [], False, "nf4", True, "uint8"), 2 * 8 * 128),
    "a name that is none": (lora(["qkv"]), None),
    "a block": (lora(["mlp"]), None),
    "a norm": (lora(["q_proj", "norm"]), None),
    "both": (lora(["q_proj"], save=("proj",)), None),
    "PEFT's own": (lora(["q_proj"], save=("layer",)), None),
}


@pytest.mark.parametrize(("adapter", "expected"), TRAINED.values(), ids=TRAINED)
def test_an_adapter_trains_what_its_names_reach(adapter: Lora, expected: int | None) -> None:
    assert trainable(LLAMA, adapter) == expected


def test_without_an_adapter_everything_is_trained() -> None:
    assert trainable(LLAMA, None) == 202048


# A mixture of 4 experts: 2 layers, hidden 16, experts 16 -> 8 -> 16. Its experts are one weight in transformers 5.
MIXTURE = {"model_type": "qwen3_moe", "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
           "num_key_value_heads": 1, "head_dim": 8, "moe_intermediate_size": 8, "num_experts": 4,
           "num_experts_per_tok": 2, "vocab_size": 100, "intermediate_size": 24}  # fmt: skip
EXPERTS = {
    "down": (lora(["down_proj"], r=2), 2 * 2 * 4 * (8 + 16)),
    "gate and up, joined": (lora(["gate_proj", "up_proj"], r=2), 2 * 2 * 2 * 4 * (16 + 16)),
    "the router": (lora(["gate"], r=2), 2 * 2 * (16 + 4)),
    "half of what is joined": (lora(["gate_proj"], r=2), None),
    "with dropout": (lora(["down_proj"], r=2, drop=0.1), None),
    "with magnitudes": (lora("all-linear", r=2, kind="dora"), None),
    "attention alone, with dropout": (lora(["q_proj"], r=2, drop=0.1), 2 * 2 * (16 + 16)),
}


@pytest.mark.parametrize(("adapter", "expected"), EXPERTS.values(), ids=EXPERTS)
def test_experts_are_reached_as_peft_reaches_them(adapter: Lora, expected: int | None) -> None:
    assert trainable(MIXTURE, adapter) == expected


OTHER = {"model_type": "mamba"}


@pytest.mark.parametrize(
    ("card", "own_code", "expected"),
    [
        (ModelCard(LLAMA, "hub", parameters=202049, counted_from="a header"), False, (202049, "a header", True)),
        (ModelCard(LLAMA, "hub"), False, (202048, "config.json", True)),
        (
            ModelCard({"model_type": "mamba"}, "hub", parameters=7, counted_from="a header"),
            False,
            (7, "a header", False),
        ),
        (ModelCard({"model_type": "mamba"}, "hub"), False, None),
        (ModelCard(LLAMA | {"auto_map": {"AutoModelForCausalLM": "own.Model"}}, "hub"), True, None),
        (ModelCard(LLAMA | {"auto_map": {}}, "hub"), False, (202048, "config.json", True)),
        (ModelCard(LLAMA, "hub"), True, (202048, "config.json", True)),
    ],
    ids=["files first", "no files", "unknown, with files", "unknown", "own code", "its code is not run", "no own code"],
)
def test_files_are_believed_before_the_table(card: ModelCard, own_code: bool, expected: tuple[Any, ...] | None) -> None:
    found = counted(card, runs_own_code=own_code)
    assert (found and (found.total, found.source, found.parts is not None)) == expected


def parameters_of(spec: Path) -> Counted | None:
    understood = next(iter(understand(spec, spec.name, Report())))
    return understood.facts.parameters(understood.experiment)


def test_an_experiment_knows_its_models_parameters(cases: Path) -> None:
    locked = parameters_of(cases / "ok/locked.yaml")
    assert locked
    assert (locked.total, locked.source) == (1000, "by hand")
    assert locked.parts
    assert locked.parts.model_type == "qwen2"
    assert parameters_of(cases / "ok/sft-lora.yaml") is None
    new = parameters_of(cases / "ok/pretrain.yaml")
    assert new
    assert new.source == "the spec"
    assert new.parts
    assert new.total == new.parts.total
