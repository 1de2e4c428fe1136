"""Builds a DeepSpeed engine for each configuration on stdin, steps, saves and loads; tells what was refused as JSON."""

import json
import os
import socket
import sys
import tempfile

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
os.environ |= {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "LOCAL_SIZE": "1", "DS_ACCELERATOR": "cpu"}

import deepspeed
import torch
from deepspeed.utils import groups, logger

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def attempt(config):
    dtype = next((DTYPES[name] for name in DTYPES if config[name]["enabled"]), torch.float32)
    # Small buckets and one rank: only whether it works matters here.
    config["gradient_accumulation_steps"] = 1
    model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Linear(8, 8))
    engine, *_ = deepspeed.initialize(model=model, model_parameters=list(model.parameters()), config=config)
    for _ in range(2):
        engine.backward(engine(torch.ones(2, 8, dtype=dtype)).float().pow(2).mean())
        engine.step()
    with tempfile.TemporaryDirectory() as folder:
        engine.save_checkpoint(folder)
        engine.load_checkpoint(folder)
    engine.destroy()


def told(config):
    try:
        attempt(config)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        groups._ZERO_PARAM_INTRA_PARALLEL_GROUP = None
    return None


if __name__ == "__main__":
    deepspeed.init_distributed("gloo", verbose=False)
    logger.setLevel("CRITICAL")
    print("\n" + json.dumps({name: told(config) for name, config in json.load(sys.stdin).items()}))
