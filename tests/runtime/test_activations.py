"""What autograd keeps of a layer, measured, against the closed forms that the memory forecast takes.

The storages that saved_tensors_hooks sees in three layers, less those in one. Which tensors are kept does not depend on
the device; only a dropout's mask is smaller on a GPU, so there is none here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from llmc import schemas
from llmc.compiler.analysis.adapter_inputs import inputs_of
from llmc.compiler.analysis.kept import is_measured, kept, of_adapter
from llmc.compiler.analysis.workload import Shape
from llmc.compiler.facts.parameters import count
from llmc.compiler.language.sections.model import Lora

pytestmark = pytest.mark.slow

TYPES = list(schemas.load("catalog/activations.json")["types"])
DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}
TOKENS = 64
# As wide as they come, and the feed-forward width in the ratio of a model that people use.
SHAPE = Shape("llama", 256, 0, 8, 2, 32, 704, 128)
RATIOS = {"qwen2": 5.3, "gemma": 8.0, "gemma3_text": 6.0, "phi3": 2.67, "olmo2": 2.69, "falcon": 4.0, "bloom": 4.0}
# These share no keys and values.
MANY_HEADED = ("bloom", "gpt2", "gpt_neox", "opt", "phi")
MIXTURES = ("mixtral", "qwen3_moe")
EAGER = ("bloom", "gemma2")
DROPOUTS = ("attn_pdrop", "resid_pdrop", "embd_pdrop", "attention_dropout", "hidden_dropout", "dropout")


def shape_of(kind: str) -> Shape:
    heads = SHAPE.heads if kind in MANY_HEADED else SHAPE.kv_heads
    experts = (8, 2) if kind in MIXTURES else (0, 0)
    ffn = round(SHAPE.hidden * RATIOS.get(kind, 3.5 if kind not in MANY_HEADED else 4.0))
    return replace(SHAPE, family=kind, kv_heads=heads, intermediate=ffn, experts=experts[0], active_experts=experts[1])


def config_of(shape: Shape, layers: int) -> Any:
    from transformers import AutoConfig

    kind = AutoConfig.for_model(shape.family)
    names = {
        "hidden_size": shape.hidden, "num_hidden_layers": layers, "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads, "num_kv_heads": shape.kv_heads, "head_dim": shape.head_dim,
        "intermediate_size": shape.intermediate, "moe_intermediate_size": shape.intermediate,
        "n_inner": shape.intermediate, "ffn_dim": shape.intermediate, "ffn_hidden_size": shape.intermediate,
        "word_embed_proj_dim": shape.hidden,
        "num_experts": shape.experts, "num_local_experts": shape.experts, "num_experts_per_tok": shape.active_experts,
        "vocab_size": shape.vocab, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
        "new_decoder_architecture": True, "max_position_embeddings": 256,
    }  # fmt: skip
    names |= dict.fromkeys(DROPOUTS, 0.0)
    fixed = {name for name in names if isinstance(getattr(type(kind), name, 0), property)}
    known = {name: value for name, value in names.items() if hasattr(kind, name) and name not in fixed}
    return AutoConfig.for_model(shape.family, **known)


def build(shape: Shape, layers: int, dtype: str, attention: str) -> Any:
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    config = config_of(shape, layers)
    return AutoModelForCausalLM.from_config(config, dtype=DTYPES[dtype], attn_implementation=attention).train()


def frozen(model: Any) -> Any:
    """Nothing is trained but the first table, so that gradients still flow through every layer."""
    model.requires_grad_(False)
    model.get_input_embeddings().weight.requires_grad_(True)
    return model


def bytes_kept(model: Any) -> int:
    own = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    found, alive = {}, []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            found[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)  # a freed storage's address would be another one's
        return tensor

    ids = torch.randint(0, SHAPE.vocab, (1, TOKENS), generator=torch.Generator().manual_seed(0))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        model(input_ids=ids, use_cache=False)
    return sum(found.values())


def measured(shape: Shape, prepare: Any, dtype: str = "bf16", attention: str = "sdpa") -> float:
    """Give the bytes that one layer keeps of one token."""
    attention = "eager" if shape.family in EAGER else attention
    few, many = (bytes_kept(prepare(build(shape, layers, dtype, attention))) for layers in (1, 3))
    return (many - few) / 2 / TOKENS


def told(shape: Shape, trained: bool, dtype: str = "bf16", eager: bool = False) -> float:
    saved = kept(shape, dtype, trained=trained, eager=eager or shape.family in EAGER)
    return saved.attention + saved.ffn + saved.scores * shape.heads * TOKENS


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", TYPES)
def test_trained_and_frozen_layers(kind: str, dtype: str) -> None:
    shape = shape_of(kind)
    assert told(shape, True, dtype) == pytest.approx(measured(shape, lambda model: model, dtype), rel=0.025)
    assert told(shape, False, dtype) == pytest.approx(measured(shape, frozen, dtype), rel=0.04)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["llama", "qwen3", "mistral"])
def test_eager_attention_keeps_every_score(kind: str, dtype: str) -> None:
    shape = shape_of(kind)
    found = measured(shape, lambda model: model, dtype, "eager")
    # Its probabilities instead of sdpa's output and one number a head, and keys and values for each head.
    repeated = 2 * (shape.query - shape.kv) * DTYPES[dtype].itemsize
    assert told(shape, True, dtype, eager=True) + repeated == pytest.approx(found, rel=0.03)


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gpt_neox"])
def test_a_checkpointed_layer_keeps_its_input(kind: str) -> None:
    def checkpointed(model: Any) -> Any:
        # Where backward is entered again, the input is kept as a saved tensor; else as part of a closure.
        model.activation_checkpointing_enable({"use_reentrant": True})
        model.enable_input_require_grads()
        return model

    shape = shape_of(kind)
    assert measured(shape, checkpointed) == pytest.approx(2 * shape.hidden, rel=0.02)


ATTENTION, FEED_FORWARD = ["q_proj", "k_proj", "v_proj", "o_proj"], ["gate_proj", "up_proj", "down_proj"]


@pytest.mark.parametrize("held", ["bf16", "fp32"])
@pytest.mark.parametrize("targets", [["q_proj", "v_proj"], ATTENTION, FEED_FORWARD, "all-linear"], ids=str)
def test_adapters_beside_a_frozen_layer(targets: Any, held: str) -> None:
    from peft import LoraConfig, get_peft_model

    def adapted(model: Any) -> Any:
        config = LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=4, lora_dropout=0.0, target_modules=targets)
        model = get_peft_model(model, config)
        model.enable_input_require_grads()
        return model.bfloat16() if held == "bf16" else model

    shape = shape_of("llama")
    parameters = count(config_of(shape, 1).to_dict())
    assert parameters is not None
    inputs = inputs_of(parameters, Lora("lora", 4, 4, 0.0, targets))
    beside = of_adapter(inputs, 4, 2, DTYPES[held].itemsize, dropout=False)
    assert told(shape, False) + beside == pytest.approx(measured(shape, adapted), rel=0.01)


def test_another_architecture_is_taken_for_a_llama() -> None:
    assert not is_measured("nobody-knows-this")
    unknown = replace(shape_of("llama"), family="nobody-knows-this")
    assert kept(unknown, "bf16", trained=True) == kept(shape_of("llama"), "bf16", trained=True)
