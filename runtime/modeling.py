"""The model, its tokenizer and its adapter, on every rank alike."""

import os
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, set_seed

from llmc.runtime.contract import Contract, Llama, Lora, Model, Trained
from llmc.runtime.refusal import Refusal

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def load_tokenizer(contract: Contract) -> Any:
    """The tokenizer that belongs to the model, padded by its end-of-sequence token where it has no other."""
    model = contract.run.model
    source = contract.source(model.tokenizer or model.name_or_path or "")
    tokenizer = AutoTokenizer.from_pretrained(source, revision=None if model.tokenizer else model.revision)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token  # masked everywhere: which token pads changes no result
    return tokenizer


def draw(contract: Contract, tokenizer: Any, seed: int, whole: bool) -> Any:
    """A model with random weights where the run starts from scratch, else None; call it before TrainingArguments exist.

    Once they exist, ZeRO-3 partitions every new model and draws its weights in another order: the same seed would
    begin another curve. Under ZeRO-3 only one rank needs the `whole` model in memory, the others its shapes alone.
    """
    model = contract.run.model
    if model.architecture is None:
        return None
    set_seed(seed)
    with torch.device("cpu" if whole else "meta"):
        return _from_scratch(model, model.architecture, tokenizer)


def load_for_training(contract: Contract, drawn: Any, seed: int, partitioned: bool) -> Any:
    """The model to train, read or `drawn`, with its adapter.

    Under ZeRO-3 its weights are `partitioned` while they are read, which needs TrainingArguments to exist already.
    The seed is set anew, so that an adapter's weights do not depend on what was drawn before them.
    """
    if drawn is None:
        model = _from_weights(contract)
    elif partitioned:
        # A plain dict: transformers 5.23 sets an attribute of torch's OrderedDict on a dict of its own, and fails.
        model = type(drawn).from_pretrained(None, config=drawn.config, state_dict=dict(drawn.state_dict()))
    else:
        model = drawn
    adapter = contract.run.model.adapter
    if isinstance(adapter, Lora):
        set_seed(seed)
        model = _with_lora(model, adapter)
    return model


def load_for_inference(contract: Contract) -> Any:
    """The model to generate with, in evaluation mode, with its trained adapter."""
    model = _from_weights(contract)
    adapter = contract.run.model.adapter
    if isinstance(adapter, Trained):
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, contract.path(adapter.path))
    return model.eval()


def export(model: Any, tokenizer: Any, state: dict[str, torch.Tensor], contract: Contract, folder: Path) -> None:
    """Write the model, or its adapter alone, with the tokenizer, as plain transformers or PEFT load them."""
    base = contract.run.model.name_or_path
    if contract.run.model.adapter is not None and base is not None:
        for config in model.peft_config.values():
            config.base_model_name_or_path = _portable(contract, base)
    model.save_pretrained(folder, state_dict=state)
    # PEFT's model card is a form to fill in, and tells the path of the base on this machine.
    (folder / "README.md").unlink(missing_ok=True)
    tokenizer.save_pretrained(folder)


def _portable(contract: Contract, base: str) -> str:
    """How an adapter names its base: a hub id as it is, a folder relative to the base of the bundle's paths.

    PEFT resolves it against the working folder, so an adapter loads by itself where the spec's own paths hold, and
    the result tells nothing of the machine that trained it.
    """
    return os.path.relpath(contract.path(base), contract.base) if contract.path(base).is_dir() else base


def _from_weights(contract: Contract) -> Any:
    model = contract.run.model
    return AutoModelForCausalLM.from_pretrained(
        contract.source(model.name_or_path or ""),
        revision=model.revision,
        dtype=DTYPES[model.dtype],
        attn_implementation=model.attn_implementation,
    )


def _from_scratch(model: Model, architecture: Llama, tokenizer: Any) -> Any:
    if len(tokenizer) > architecture.vocab_size:
        sizes = f"the tokenizer has {len(tokenizer)} tokens, model.architecture.vocab_size is {architecture.vocab_size}"
        raise Refusal("LLM512", sizes, help=f"set vocab_size to at least {len(tokenizer)}")
    config = LlamaConfig(
        hidden_size=architecture.hidden_size,
        intermediate_size=architecture.intermediate_size,
        num_hidden_layers=architecture.num_hidden_layers,
        num_attention_heads=architecture.num_attention_heads,
        num_key_value_heads=architecture.num_key_value_heads,
        vocab_size=architecture.vocab_size,
        max_position_embeddings=architecture.max_position_embeddings,
        tie_word_embeddings=architecture.tie_word_embeddings,
        rope_parameters={"rope_type": "default", "rope_theta": architecture.rope_theta},
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return AutoModelForCausalLM.from_config(
        config, dtype=DTYPES[model.dtype], attn_implementation=model.attn_implementation
    )


def _with_lora(model: Any, adapter: Lora) -> Any:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=adapter.r,
        lora_alpha=adapter.alpha,
        lora_dropout=adapter.dropout,
        target_modules=adapter.target_modules,
    )
    return get_peft_model(model, config)
