"""Small models of every known architecture, drawn at random, and what transformers and PEFT make of them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

from hypothesis import strategies as st

SEQUENCE_TO_SEQUENCE = ("mt5", "t5", "umt5")
# What is no matter of shape, or asks for a model of two halves.
NOT_DRAWN = {"add_cross_attention", "is_decoder", "is_encoder_decoder", "output_attentions", "return_dict", "use_cache"}
LAYERS = ("num_hidden_layers", "num_layers", "n_layer", "n_layers")


@st.composite
def configs(draw: st.DrawFn, model_type: str) -> dict[str, Any]:
    """Draw a config.json, each key under one of its names, some keys left out."""
    kind = config_class(model_type)
    known = {field.name: field.default for field in dataclasses.fields(kind)}
    other = {own: name for name, own in kind.attribute_map.items()}
    config: dict[str, Any] = {"model_type": model_type, "pad_token_id": 0}
    for name, values in _sizes(draw).items():
        # Some keys are left out; not the number of layers, whose defaults are models that take long to build.
        if name in known and (name in LAYERS or draw(st.integers(0, 9))):
            alias = other.get(name) or kind.attribute_map.get(name) or name
            config[alias if draw(st.integers(0, 4)) == 0 else name] = draw(values)
    for name, default in known.items():
        if isinstance(default, bool) and name not in NOT_DRAWN and draw(st.booleans()):
            config[name] = draw(st.booleans())
    return config


def _sizes(draw: st.DrawFn) -> dict[str, st.SearchStrategy[Any]]:
    """What each key may be. Heads and layers are drawn first: other keys have to fit them."""
    heads, layers = draw(st.sampled_from([1, 2, 4, 8])), draw(st.integers(1, 4))
    width = st.just(heads * 8 * draw(st.integers(1, 3)))
    shared = st.sampled_from([count for count in (1, 2, 4, 8) if heads % count == 0])
    inner, narrow, experts = st.integers(5, 70), st.integers(5, 30), st.sampled_from([2, 4, 6])
    names = {
        ("hidden_size", "d_model", "n_embd"): width,
        ("num_attention_heads", "num_heads", "n_head", "n_heads", "attention_heads"): st.just(heads),
        ("num_key_value_heads", "num_kv_heads"): shared,
        LAYERS: st.just(layers),
        ("vocab_size",): st.integers(20, 200),
        ("intermediate_size", "ffn_dim", "d_ff"): inner,
        ("n_inner", "ffn_hidden_size"): st.none() | inner,
        ("max_position_embeddings", "n_positions"): st.integers(8, 64),
        ("head_dim",): st.sampled_from([8, 16, 24]),
        ("num_experts", "num_local_experts", "n_routed_experts"): experts,
        ("num_experts_per_tok", "n_group", "topk_group"): st.just(1),
        ("moe_intermediate_size", "shared_expert_intermediate_size"): narrow,
        ("shared_intermediate_size",): st.sampled_from([0, 11]),
        ("n_shared_experts",): st.integers(0, 2),
        ("first_k_dense_replace",): st.integers(0, 5),
        ("decoder_sparse_step",): st.integers(1, 3),
        ("mlp_only_layers",): st.none() | st.lists(st.integers(0, 3), max_size=2, unique=True),
        ("q_lora_rank",): st.none() | narrow,
        ("kv_lora_rank", "qk_nope_head_dim", "v_head_dim"): narrow,
        ("qk_rope_head_dim",): st.sampled_from([4, 8]),
        ("word_embed_proj_dim",): st.none() | narrow,
        ("num_ln_in_parallel_attn",): st.sampled_from([None, 1, 2]),
        ("d_kv",): st.sampled_from([5, 8]),
        ("num_decoder_layers",): st.none() | st.integers(1, 3),
        ("feed_forward_proj",): st.sampled_from(["relu", "gated-gelu", "gated-silu"]),
        ("relative_attention_num_buckets",): st.integers(4, 9),
        ("attention_types",): st.just([[["global"], layers]]),
    }
    return {name: values for group, values in names.items() for name in group}


def config_class(model_type: str) -> Any:
    """Give transformers' class of configurations."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    return CONFIG_MAPPING[model_type]


def build(config: dict[str, Any]) -> Any:
    """Build a model as transformers would from a config.json, without memory for its weights."""
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    known = config_class(config["model_type"]).from_dict(dict(config))
    kind = AutoModelForSeq2SeqLM if config["model_type"] in SEQUENCE_TO_SEQUENCE else AutoModelForCausalLM
    with torch.device("meta"):
        return kind.from_config(known)


def weights(model: Any) -> Counter[str]:
    """Count the weights that each module of a model holds itself, if any; tied ones at the first module alone."""
    found: Counter[str] = Counter()
    for name, parameter in model.named_parameters():
        found[name.rpartition(".")[0]] += parameter.numel()
    return +found


def adapted(model: Any, adapter: Any) -> int:
    """Put an adapter on a model by PEFT and count what is trained."""
    import torch
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=adapter.r,
        lora_alpha=adapter.alpha,
        lora_dropout=adapter.dropout,
        target_modules=adapter.target_modules,
        modules_to_save=adapter.modules_to_save or None,
        use_dora=adapter.kind == "dora",
    )
    with torch.device("meta"):
        made = get_peft_model(model, config)
    return sum(parameter.numel() for parameter in made.parameters() if parameter.requires_grad)
