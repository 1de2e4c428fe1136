"""The training that a person would write by hand with transformers.Trainer and DeepSpeed, to compare ours with.

torchrun --nproc-per-node 2 handwritten.py RUN_JSON DEEPSPEED_JSON OUTPUT_JSON, in the project folder.
"""

import json
import sys
from pathlib import Path

import deepspeed
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    Trainer,
    TrainingArguments,
    set_seed,
)


def encode(tokenizer, row, max_length):
    prompt = tokenizer(row["prompt"])["input_ids"]
    completion = [*tokenizer(row["completion"])["input_ids"], tokenizer.eos_token_id]
    return {
        "input_ids": (prompt + completion)[:max_length],
        "labels": ([-100] * len(prompt) + completion)[:max_length],
        "attention_mask": ([1] * len(prompt + completion))[:max_length],
    }


def main():
    run = json.loads(Path(sys.argv[1]).read_text())
    training, model_name = run["training"], run["model"]["name_or_path"]
    deepspeed.init_distributed("gloo")
    arguments = TrainingArguments(
        output_dir="handwritten",
        deepspeed=sys.argv[2],
        use_cpu=True,
        bf16=run["model"]["dtype"] == "bf16",
        max_steps=training["max_steps"],
        per_device_train_batch_size=training["micro_batch_size"],
        gradient_accumulation_steps=training["gradient_accumulation_steps"],
        learning_rate=training["optimizer"]["learning_rate"],
        lr_scheduler_type=training["scheduler"]["kind"],
        warmup_steps=training["scheduler"]["warmup_ratio"] or 0,
        max_grad_norm=training["gradient_clipping"],
        logging_steps=training["log_every_steps"],
        save_strategy="no",
        seed=training["seed"],
        disable_tqdm=True,
        report_to="none",
    )
    tokenizer = AutoTokenizer.from_pretrained(model_name)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    rows = [json.loads(line) for line in Path(run["data"]["train"]["path"]).read_text().splitlines()]
    dtype = torch.bfloat16 if run["model"]["dtype"] == "bf16" else torch.float32
    model = AutoModelForCausalLM.from_pretrained(model_name, dtype=dtype, attn_implementation="sdpa")
    if run["model"]["adapter"]:
        from peft import LoraConfig, get_peft_model

        lora = run["model"]["adapter"]
        set_seed(training["seed"])
        model = get_peft_model(
            model,
            LoraConfig(
                task_type="CAUSAL_LM",
                r=lora["r"],
                lora_alpha=lora["alpha"],
                lora_dropout=lora["dropout"],
                target_modules=lora["target_modules"],
            ),
        )
    trainer = Trainer(
        model=model,
        args=arguments,
        train_dataset=[encode(tokenizer, row, run["data"]["max_length"]) for row in rows],
        data_collator=DataCollatorForSeq2Seq(tokenizer, padding=True),
        processing_class=tokenizer,
    )
    trainer.train()
    if trainer.is_world_process_zero():
        losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
        Path(sys.argv[3]).write_text(json.dumps(losses))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
