"""pretrain and sft: one path through transformers.Trainer and DeepSpeed, on data that was prepared before."""

import json
import time
from pathlib import Path
from typing import Any

import deepspeed
import torch
from transformers import TrainingArguments

from llmc.runtime import modeling
from llmc.runtime.contract import Contract, Scheduler, Source, TrainingRun
from llmc.runtime.data import prepare
from llmc.runtime.data.collate import Collator
from llmc.runtime.data.formats import read
from llmc.runtime.data.tokenise import Encoder
from llmc.runtime.session import Session
from llmc.runtime.trainer import RunTrainer


def run(contract: Contract, session: Session) -> dict[str, Any]:
    """Train on this rank to the end and export the result; returns the number of steps."""
    run = contract.run
    assert isinstance(run, TrainingRun)
    # Before TrainingArguments: under ZeRO-3 from_pretrained would otherwise see a world of one rank.
    deepspeed.init_distributed(dist_backend="gloo" if run.target.accelerator == "cpu" else "nccl", verbose=False)
    tokenizer = modeling.load_tokenizer(contract)
    partitioned = _zero_stage(contract, run) == 3
    drawn = modeling.draw(contract, tokenizer, run.training.seed, whole=session.rank == 0 or not partitioned)
    arguments = _arguments(contract, run, session)
    train = _dataset(contract, run, run.data.train, "train", tokenizer, session)
    evaluated = run.data.eval and _dataset(contract, run, run.data.eval, "eval", tokenizer, session)
    session.say("loading model")
    model = modeling.load_for_training(contract, drawn, run.training.seed, partitioned)
    use_cache = model.config.use_cache  # the Trainer switches it off, and the result should not keep that
    trainer = RunTrainer(
        session=session,
        keep=run.training.checkpoint.keep,
        model=model,
        args=arguments,
        train_dataset=train,
        eval_dataset=evaluated,
        data_collator=Collator(tokenizer.pad_token_id),
        processing_class=tokenizer,
    )
    trainer.train(resume_from_checkpoint=session.checkpoint and str(session.checkpoint))
    if evaluated is not None and trainer.evaluated_step != trainer.state.global_step:
        session.say("evaluating")
        trainer.evaluate()
    trainer.model.config.use_cache = use_cache
    _export(trainer, tokenizer, contract, session)
    return {"steps": trainer.state.global_step}


def _arguments(contract: Contract, run: TrainingRun, session: Session) -> TrainingArguments:
    training, cpu = run.training, run.target.accelerator == "cpu"
    every = training.checkpoint.every_steps
    evaluation = training.evaluation.every_steps if run.data.eval else None
    return TrainingArguments(
        output_dir=str(session.record.folder),
        deepspeed=str(contract.folder / run.deepspeed),
        use_cpu=cpu,
        bf16=run.model.dtype == "bf16",
        fp16=run.model.dtype == "fp16",
        num_train_epochs=training.epochs or 1,
        max_steps=training.max_steps or -1,
        per_device_train_batch_size=training.micro_batch_size,
        per_device_eval_batch_size=training.micro_batch_size,
        gradient_accumulation_steps=training.gradient_accumulation_steps,
        activation_checkpointing=training.gradient_checkpointing,
        optim="adamw_torch",
        learning_rate=training.optimizer.learning_rate,
        adam_beta1=training.optimizer.betas[0],
        adam_beta2=training.optimizer.betas[1],
        adam_epsilon=training.optimizer.eps,
        weight_decay=training.optimizer.weight_decay,
        max_grad_norm=training.gradient_clipping or 0.0,
        lr_scheduler_type=_scheduler(training.scheduler),
        warmup_steps=training.scheduler.warmup_steps or training.scheduler.warmup_ratio or 0,
        logging_steps=training.log_every_steps,
        logging_nan_inf_filter=False,  # the filter would tell the mean of earlier losses instead of NaN
        eval_strategy="steps" if evaluation else "no",
        eval_steps=evaluation,
        prediction_loss_only=True,
        save_strategy="steps" if every else "no",
        save_steps=every or 1,
        seed=training.seed,
        data_seed=training.seed,
        remove_unused_columns=False,
        dataloader_pin_memory=not cpu,
        disable_tqdm=True,
        report_to="none",
    )


def _zero_stage(contract: Contract, run: TrainingRun) -> int:
    config = json.loads((contract.folder / run.deepspeed).read_bytes())
    return int(config.get("zero_optimization", {}).get("stage", 0))


def _scheduler(scheduler: Scheduler) -> str:
    """The Trainer's name of a course; its `constant` has no warm-up."""
    warm = scheduler.warmup_steps or scheduler.warmup_ratio
    return "constant_with_warmup" if scheduler.kind == "constant" and warm else scheduler.kind


def _dataset(
    contract: Contract, run: TrainingRun, source: Source, name: str, tokenizer: Any, session: Session
) -> prepare.Rows:
    """The examples of one source, tokenised by the first rank and read by all."""
    folder, data = session.record.prepared / name, run.data
    stream = run.task == "pretrain"
    if session.rank == 0 and prepare.read_summary(folder) is None:
        session.say("preparing data", data=name)
        rows = read(source, contract.path(source.path))
        encoder = Encoder(tokenizer, data.completion_only_loss)
        prepare.write(folder, rows, encoder, None if stream else data.max_length)
    # No barrier: a collective would give up after half an hour, and large data take longer.
    while (summary := prepare.read_summary(folder)) is None:
        time.sleep(0.1)
    dataset = _examples(folder, run)
    share = run.training.micro_batch_size * session.ranks
    session.say(
        "prepared data",
        data=name,
        **prepare.as_row(summary),
        examples=len(dataset),
        unused=summary.tokens - len(dataset) * data.max_length if stream else 0,
        # The sampler fills the last batch of an epoch from its beginning, so that every rank has as many rows.
        repeated=-len(dataset) % share if name == "train" else 0,
    )
    return dataset


def _examples(folder: Path, run: TrainingRun) -> prepare.Rows:
    if run.task == "pretrain":
        return prepare.Stream(folder, run.data.max_length)
    return prepare.Packed(folder, run.data.max_length) if run.data.packing else prepare.Rows(folder)


def _export(trainer: RunTrainer, tokenizer: Any, contract: Contract, session: Session) -> None:
    """Gather the weights of all ranks and write them on the first one, whatever the ZeRO stage."""
    session.say("exporting")
    adapter = contract.run.model.adapter is not None
    engine = trainer.deepspeed
    if engine.zero_optimization_partition_weights():
        state = engine._zero3_consolidated_16bit_state_dict(exclude_frozen_parameters=adapter)
    else:
        state = engine.module.state_dict()
    if session.rank == 0:
        modeling.export(trainer.model, tokenizer, state, contract, session.record.model)
    torch.distributed.barrier()
