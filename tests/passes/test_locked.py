"""What compiling makes of a lock: which facts it gives, which of them reach a bundle, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from oracle import validator

from llmc import schemas
from llmc.compiler.facts.lock import MAX_BYTES, lock_path, read_lock
from llmc.compiler.facts.model_card import ModelCard
from llmc.compiler.facts.shape import Misfit, fit
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.schema import Schema
from llmc.compiler.language.sections.model import Llama
from llmc.compiler.pipeline import compile_spec, understand

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct@12fd25f77366fa6b3b4b768ec3050bf629380bac"


@pytest.fixture
def project(tmp_path: Path, cases: Path) -> Path:
    return Path(shutil.copytree(cases / "ok", tmp_path / "project"))


def change(spec: Path, edit: Callable[[Any], object]) -> None:
    path = lock_path(spec)
    lock = json.loads(path.read_text())
    edit(lock)
    path.write_text(json.dumps(lock))


def inputs(spec: Path) -> dict[str, str]:
    report = Report()
    bundles = compile_spec(spec, spec.name, report)
    assert bundles, [d.message for d in report]
    found: dict[str, str] = json.loads(bundles[0].files["manifest.json"])["inputs"]
    return found


def told(spec: Path) -> list[str]:
    report = Report()
    list(understand(spec, spec.name, report))
    return [d.code for d in report]


def test_the_manifest_names_what_the_lock_says_of_this_experiment(project: Path) -> None:
    spec = project / "locked.yaml"
    before = inputs(spec)
    assert "lock" in before
    assert "lock" not in inputs(project / "sft-lora.yaml")
    other = {"digest": "sha256:" + "a" * 64}
    change(spec, lambda lock: lock["images"].update({"another/image:1": other}))
    change(spec, lambda lock: lock["models"].update({"another": lock["models"][MODEL]}))
    assert inputs(spec) == before
    change(spec, lambda lock: lock["models"][MODEL].update(commit="f" * 40))
    after = inputs(spec)
    assert after["lock"] != before["lock"]
    assert {**after, "lock": 0} == {**before, "lock": 0}


def test_a_count_of_tokens_for_another_tokenizer_is_none_of_its_business(project: Path) -> None:
    spec = project / "locked.yaml"
    before = inputs(spec)
    lengths = dict.fromkeys(("total", "longest", "median", "p90", "p99"), 7)
    count = {"how": "messages as examples", "template": None, "note": "", "tokenizer": "sha256:" + "b" * 64, **lengths}
    change(spec, lambda lock: lock["data"]["data/chats.jsonl"]["tokens"].append(count))
    assert inputs(spec) == before
    own = json.loads(lock_path(spec).read_text())["models"][MODEL]["tokenizer"]["digest"]
    change(spec, lambda lock: lock["data"]["data/chats.jsonl"]["tokens"].append(count | {"tokenizer": own}))
    assert inputs(spec) != before
    (one,) = understand(spec, spec.name, Report())
    card = one.facts.data(one.experiment)["data.train.path"]
    assert card.tokens is not None
    assert (card.rows, card.tokens.longest) == (1, 7)


def test_stale_data_are_not_known(project: Path) -> None:
    spec = project / "locked.yaml"
    (one,) = understand(spec, spec.name, Report())
    assert list(one.facts.data(one.experiment)) == ["data.train.path"]
    assert one.facts.missing(one.experiment) == {}
    with (project / "data/chats.jsonl").open("a") as file:
        file.write('{"messages": [{"role": "user", "content": "new"}]}\n')
    assert told(spec) == ["LLM233"]
    (one,) = understand(spec, spec.name, Report())
    assert one.facts.data(one.experiment) == {}
    assert one.facts.missing(one.experiment) == {"data": "data.train.path"}


def test_a_changed_tokenizer_is_not_known(project: Path, tmp_path: Path) -> None:
    spec = project / "locked.yaml"
    (project / "tokenizer").mkdir()
    (project / "tokenizer/tokenizer.json").write_text("{}")
    spec.write_text(spec.read_text().replace("dtype: bf16", "dtype: bf16\n  tokenizer: ./tokenizer"))
    change(spec, lambda lock: lock["models"].update({"./tokenizer": lock["models"][MODEL]}))
    # Its digest in the lock is that of another tokenizer.
    assert told(spec) == ["LLM230", "LLM233"]


def test_what_belongs_to_another_machine_is_not_compared(project: Path) -> None:
    spec = project / "locked.yaml"
    spec.write_text(spec.read_text().replace("data/chats.jsonl", "/data/chats.jsonl"))
    change(spec, lambda lock: lock["data"].update({"/data/chats.jsonl": lock["data"]["data/chats.jsonl"]}))
    assert told(spec) == []


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{", '{"lock": 1}', "[" * 100_000, '{"lock": NaN}', '{"lock": ' + "9" * 5000 + "}", '"\\ud800"'],
)
def test_no_content_of_a_lock_is_a_crash(text: str, project: Path) -> None:
    spec = project / "locked.yaml"
    lock_path(spec).write_text(text)
    report = Report()
    assert compile_spec(spec, spec.name, report) == []
    assert [d.code for d in report] == ["LLM234"]
    assert [d.span.file for d in report] == ["locked.lock.json"]


def test_a_lock_that_is_no_file_or_no_text_is_told(project: Path) -> None:
    path = lock_path(project / "locked.yaml")
    for content in (b"\xff\xfe", b" " * (MAX_BYTES + 1)):
        path.write_bytes(content)
        assert told(project / "locked.yaml") == ["LLM234"]
    path.unlink()
    path.mkdir()
    assert told(project / "locked.yaml") == ["LLM234"]


def test_our_walk_over_a_lock_agrees_with_the_public_library(project: Path) -> None:
    path = lock_path(project / "locked.yaml")
    right = json.loads(path.read_text())
    schema, oracle = Schema.of("lockfile.schema.json"), validator("lockfile.schema.json")
    assert oracle.is_valid(right)
    fit(right, schema)
    wrong = list(_mutants(right))
    assert len(wrong) > 150
    for mutant in wrong:
        ours = True
        try:
            fit(mutant, schema)
        except Misfit:
            ours = False
        assert ours == oracle.is_valid(mutant), mutant


def _mutants(value: Any) -> Any:
    """Every value once replaced, every key once removed, and a strange key in every mapping."""
    yield from (None, True, -1, 1.5, "x", [], {})
    if isinstance(value, dict):
        yield {**value, "strange": 1}
        for name, child in value.items():
            yield {key: kept for key, kept in value.items() if key != name}
            yield from ({**value, name: mutant} for mutant in _mutants(child))
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from ([*value[:place], mutant, *value[place + 1 :]] for mutant in _mutants(child))


def test_reading_no_lock_is_silent(tmp_path: Path) -> None:
    report = Report()
    assert not read_lock(tmp_path / "exp.yaml", "exp.yaml", report).exists
    assert list(report) == []


GPT2 = {"model_type": "gpt2", "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024, "vocab_size": 50257}
GEMMA3 = {"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", "hidden_size": 2560, "dtype": "float16"}}
LLAMA31 = {
    "model_type": "llama", "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8,
    "rope_scaling": {"rope_type": "llama3", "factor": 8.0}, "torch_dtype": "bfloat16", "tie_word_embeddings": False,
}  # fmt: skip
PLAIN_ROPE = {"model_type": "llama", "rope_parameters": {"rope_type": "default", "rope_theta": 1e4}}
MIXED_ROPE = {
    "model_type": "gemma3_text",
    "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0}, "sliding_attention": {}},
}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (GPT2, {"hidden_size": 768, "num_key_value_heads": 12, "head_dim": 64, "max_position_embeddings": 1024}),
        (GPT2, {"tie_word_embeddings": True, "num_experts": None, "rope_scaling": None, "dtype": None}),
        (GEMMA3, {"model_type": "gemma3_text", "hidden_size": 2560, "head_dim": 256, "dtype": "float16"}),
        (LLAMA31, {"head_dim": 128, "num_key_value_heads": 8, "dtype": "bfloat16", "tie_word_embeddings": False}),
        (LLAMA31, {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}, "vocab_size": None}),
        (PLAIN_ROPE, {"rope_scaling": None, "max_position_embeddings": 2048, "head_dim": None}),
        (MIXED_ROPE, {"rope_scaling": {"rope_type": "linear", "factor": 8.0}}),
        ({"model_type": "mixtral", "num_local_experts": 4}, {"num_experts": 4, "num_key_value_heads": 8}),
        ({"model_type": "falcon", "num_attention_heads": 71}, {"num_key_value_heads": None}),
        ({"model_type": "of-the-future", "hidden_size": "wide"}, {"hidden_size": None, "tie_word_embeddings": None}),
        ({}, {"model_type": None, "quantization_config": None, "intermediate_size": None}),
    ],
)
def test_a_card_reads_a_config_as_transformers_would(config: dict[str, Any], expected: dict[str, Any]) -> None:
    card = ModelCard(config, "hub")
    assert {name: getattr(card, name) for name in expected} == expected


@pytest.mark.slow
@pytest.mark.parametrize("model_type", ["llama", "gpt2", "opt", "gpt_neox", "qwen2", "mixtral", "gemma", "phi", "gptj"])
def test_a_card_agrees_with_transformers(model_type: str) -> None:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    small = {"num_attention_heads": 4, "vocab_size": 100}
    config = CONFIG_MAPPING[model_type](**small)
    written = json.loads(config.to_json_string())
    card = ModelCard(written, "folder")
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "max_position_embeddings")
    for name in (*names, "tie_word_embeddings"):
        assert getattr(card, name) == getattr(config, name), name
    assert card.num_key_value_heads == getattr(config, "num_key_value_heads", config.num_attention_heads)


@pytest.mark.slow
def test_the_table_of_model_types_is_that_of_transformers() -> None:
    from golden import model_types

    assert model_types.page() == model_types.FILE.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    "model_type", ["llama", "gpt2", "mixtral", "qwen3_moe", "deepseek_v2", "opt", "bloom", "phi3", "gpt_neox"]
)
def test_the_table_of_layers_is_that_of_the_libraries(model_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from golden import model_layers

    monkeypatch.setenv("DS_ACCELERATOR", "cpu")
    assert model_layers.about(model_type) == schemas.load("catalog/model_layers.json")["types"][model_type]


def test_no_model_holds_its_experts_apart() -> None:
    # DJ068: ranks that use other experts would gather other weights at ZeRO 3, and wait for each other for ever.
    kinds = {row["experts"] for row in schemas.load("catalog/model_layers.json")["types"].values()}
    assert kinds == {None, "whole"}


@pytest.mark.slow
@pytest.mark.parametrize("tied", [True, False])
def test_a_new_models_parameters_are_counted_as_torch_counts_them(tied: bool) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = Llama("llama", 96, 384, 2, 6, 3, 1024, 256, tied, 1e4)
    names = [name for name in shape.__dataclass_fields__ if name not in ("kind", "rope_theta")]
    with torch.device("meta"):
        model = LlamaForCausalLM(LlamaConfig(**{name: getattr(shape, name) for name in names}))
    assert ModelCard.of_architecture(shape).parameters == sum(weight.numel() for weight in model.parameters())
