"""Bundles for tests, written from the contract's text: what compilers write and the runtime reads."""

import copy
import hashlib
import json
from pathlib import Path

CATALOGUE = json.loads((Path(__file__).parents[2] / "schemas/catalog/stacks.json").read_text())
STACK = CATALOGUE["stacks"][CATALOGUE["default"]]["versions"]
ENVIRONMENT = {
    "DS_ACCELERATOR": "cpu",
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
ARCHITECTURE = {
    "kind": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": 1024, "max_position_embeddings": 256, "tie_word_embeddings": True,
    "rope_theta": 10000.0,
}  # fmt: skip
LORA = {"kind": "lora", "r": 4, "alpha": 8, "dropout": 0.0, "target_modules": ["q_proj", "v_proj"]}


def _common(name: str) -> dict:
    return {
        "contract": 1,
        "name": name,
        "target": {"kind": "local", "name": "local", "accelerator": "cpu"},
        "base": "../../..",
        "runs": f"runs/{name}",
        "stack": STACK,
        "launch": {"nodes": 1, "processes_per_node": 2, "environment": dict(ENVIRONMENT)},
        "model": {
            "name_or_path": "model", "revision": None, "dtype": "fp32", "attn_implementation": "sdpa",
            "architecture": None, "tokenizer": None, "adapter": None,
        },
    }  # fmt: skip


def sft(name: str, train: str = "data/train.jsonl", form: str = "prompt_completion") -> dict:
    """run.json of a short supervised fine-tuning."""
    return {
        **_common(name),
        "task": "sft",
        "engine": "deepspeed-training",
        "data": {
            "train": {"path": train, "format": form},
            "eval": None,
            "max_length": 64,
            "packing": False,
            "completion_only_loss": True,
        },
        "training": {
            "epochs": None,
            "max_steps": 8,
            "micro_batch_size": 2,
            "gradient_accumulation_steps": 1,
            "optimizer": {
                "kind": "adamw", "learning_rate": 0.001, "betas": [0.9, 0.999], "eps": 1e-08, "weight_decay": 0.0,
            },
            "scheduler": {"kind": "cosine", "warmup_steps": None, "warmup_ratio": 0.25},
            "gradient_clipping": 1.0,
            "gradient_checkpointing": False,
            "seed": 42,
            "log_every_steps": 1,
            "evaluation": {"every_steps": None},
            "checkpoint": {"every_steps": 4, "keep": 2},
        },
        "deepspeed": "deepspeed.json",
        "inference": None,
    }  # fmt: skip


def pretrain(name: str) -> dict:
    """run.json of a short pre-training from scratch."""
    run = sft(name, "data/text", "text")
    run["task"] = "pretrain"
    run["data"]["packing"] = True
    run["model"] |= {"name_or_path": None, "architecture": dict(ARCHITECTURE), "tokenizer": "model"}
    return run


def infer(name: str, path: str = "data/heldout.jsonl", form: str = "prompt_completion") -> dict:
    """run.json of a batch inference."""
    return {
        **_common(name),
        "task": "infer",
        "engine": "transformers",
        "training": None,
        "deepspeed": None,
        "data": {"input": {"path": path, "format": form}},
        "inference": {
            "engine": "transformers",
            "batch_size": 3,
            "generation": {"max_new_tokens": 6, "do_sample": False, "temperature": None, "top_p": None, "seed": 42},
        },
    }


def deepspeed(run: dict, stage: int) -> dict:
    """A complete deepspeed.json for a run."""
    training = run["training"]
    optimizer = training["optimizer"]
    return {
        "train_micro_batch_size_per_gpu": training["micro_batch_size"],
        "gradient_accumulation_steps": training["gradient_accumulation_steps"],
        "gradient_clipping": training["gradient_clipping"],
        "bf16": {"enabled": run["model"]["dtype"] == "bf16"},
        "zero_optimization": {"stage": stage, "overlap_comm": False, "stage3_param_persistence_threshold": 0},
        "optimizer": {
            "type": "AdamW",
            "params": {
                "lr": optimizer["learning_rate"], "betas": optimizer["betas"], "eps": optimizer["eps"],
                "weight_decay": optimizer["weight_decay"], "torch_adam": True,
            },
        },
    }  # fmt: skip


def write(project: Path, run: dict, stage: int = 1, inputs: tuple[str, ...] = ()) -> Path:
    """Write the bundle of a run into a project folder; returns the target's folder."""
    run = copy.deepcopy(run)
    target = project / "build" / run["name"] / "local"
    target.mkdir(parents=True)
    files = {"PLAN.md": "# Plan\n", "local/launch.sh": "#!/bin/sh\n", "local/run.json": canonical(run)}
    if run["deepspeed"]:
        files["local/deepspeed.json"] = canonical(deepspeed(run, stage))
    for name, text in files.items():
        (target.parent / name).write_text(text, encoding="utf-8")
    manifest = {
        "compiler": "0.1.0",
        "inputs": {"experiment": sha256(b"spec")} | {name: sha256((project / name).read_bytes()) for name in inputs},
        "name": run["name"],
        "origins": {"local/run.json": {"data.max_length": "experiment.yaml:9 – “64”"}},
        "outputs": {name: sha256(text.encode()) for name, text in files.items()},
    }
    compact = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    manifest["digest"] = sha256(compact.encode())
    (target.parent / "manifest.json").write_text(canonical(manifest), encoding="utf-8")
    return target


def canonical(value: dict) -> str:
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
