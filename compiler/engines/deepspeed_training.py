"""Training by DeepSpeed: writes `deepspeed.json`, whole and explicit.

DeepSpeed's defaults change between versions (0.19 clips gradients at 1.0 where 0.14 did not), its `"auto"` means
something only to one of its callers, and most unknown keys are ignored. So every value that changes a result is
written out, and `train_batch_size` never is: DeepSpeed derives it, and would compare it with a world size of 1 while a
model is being loaded. The learning-rate schedule has one owner, the Trainer; it is not in this file.
Source: docs of DeepSpeed 0.19.8, deepspeed/runtime/config.py and deepspeed/runtime/zero/config.py.
"""

from __future__ import annotations

from llmc.compiler.analysis.deepspeed_values import offloaded
from llmc.compiler.job import Decision, Job, Settings, origin_of

NAME = "deepspeed-training"
FILE = "deepspeed.json"

# Elements in one reduction. DeepSpeed's default of 5e8 is meant for GPUs with tens of GB: its buffer is per rank.
_BUCKET = {"cpu": 50_000_000}
_DEFAULT_BUCKET = 500_000_000

# What decides in fp16 which steps are skipped; a loss scale of 0 is a dynamic one.
_LOSS_SCALING = {
    "loss_scale": 0,
    "initial_scale_power": 16,
    "loss_scale_window": 1000,
    "hysteresis": 2,
    "consecutive_hysteresis": False,
    "min_loss_scale": 1,
}


def fill(job: Job) -> None:
    """Add DeepSpeed's configuration to the job, and what had to be decided for it."""
    job.run.put("deepspeed", FILE, "fixed: beside run.json")
    settings = job.structured[FILE] = Settings()
    _batch(settings, job)
    _precision(settings, job)
    _zero(settings, job)
    _offload(settings, job)
    _optimizer(settings, job)
    settings.put("wall_clock_breakdown", False, "fixed: DeepSpeed's default, timers cost time")
    # Last, because these may replace what is fixed above; keys with another owner were refused by a check.
    settings.overlay(job.experiment, "deepspeed.config")


def _batch(settings: Settings, job: Job) -> None:
    batch = job.batch
    assert batch is not None, "the batch equation is checked before an engine runs"
    equation = f"{batch.total} = {batch.micro} x {batch.accumulation} x {batch.data_parallel}"
    if batch.micro_was_chosen:
        settings.put("train_micro_batch_size_per_gpu", batch.micro, "derived: training.micro_batch_size was left out")
        job.decisions.append(
            Decision(
                "micro batch 1 per rank",
                "training.micro_batch_size was left out; 1 needs the least memory. A larger one may be faster.",
            )
        )
    else:
        settings.take("train_micro_batch_size_per_gpu", job.experiment, "training.micro_batch_size")
    settings.put("gradient_accumulation_steps", batch.accumulation, f"derived: training.global_batch_size, {equation}")
    settings.take("gradient_clipping", job.experiment, "training.gradient_clipping")


def _precision(settings: Settings, job: Job) -> None:
    dtype = job.experiment.model.dtype
    for name in ("bf16", "fp16"):
        settings.put(f"{name}.enabled", dtype == name, "derived: model.dtype")
    # Left out, both follow from the dtype; written out, a reviewer sees in what precision gradients are added up.
    settings.put("data_types.grad_accum_dtype", dtype, "derived: model.dtype")
    settings.put("communication_data_type", dtype, "derived: model.dtype")
    settings.put("gradient_allreduce_op", "mean", "fixed: DeepSpeed's default")
    if dtype == "bf16":
        skip = "fixed: skips a step whose gradients are not finite; DeepSpeed's default, once false"
        settings.put("bf16.check_grad_overflow", True, skip)
    for name, value in _LOSS_SCALING.items() if dtype == "fp16" else ():
        settings.put(f"fp16.{name}", value, "fixed: DeepSpeed's default")


def _zero(settings: Settings, job: Job) -> None:
    stage = job.experiment.node("deepspeed.zero_stage").value
    settings.take("zero_optimization.stage", job.experiment, "deepspeed.zero_stage")
    if stage == 0:
        return
    bucket, where = _BUCKET.get(job.accelerator, _DEFAULT_BUCKET), f"fixed: bucket for {job.accelerator}"
    _chosen(settings, job, "reduce_bucket_size", bucket, where)
    _chosen(settings, job, "overlap_comm", False, "fixed: needs a second stream, which pays on GPUs only")
    settings.put("zero_optimization.contiguous_gradients", True, "fixed: DeepSpeed's default")
    if stage == 3:
        _zero_3(settings, job)
    else:
        _chosen(settings, job, "allgather_bucket_size", bucket, where)


def _chosen(settings: Settings, job: Job, key: str, ours: int | bool, where: str) -> None:
    """Set a key to what the spec says, or to our choice where it leaves that open."""
    if job.experiment.node(f"deepspeed.{key}").value is None:
        settings.put(f"zero_optimization.{key}", ours, where)
    else:
        settings.take(f"zero_optimization.{key}", job.experiment, f"deepspeed.{key}")


def _zero_3(settings: Settings, job: Job) -> None:
    default = "fixed: DeepSpeed's default"
    settings.put("zero_optimization.stage3_prefetch_bucket_size", 50_000_000, default)
    settings.put("zero_optimization.stage3_param_persistence_threshold", 100_000, default)
    settings.put("zero_optimization.stage3_max_live_parameters", 1_000_000_000, default)
    settings.put("zero_optimization.stage3_max_reuse_distance", 1_000_000_000, default)
    gather = "fixed: without it the saved model is empty"
    settings.put("zero_optimization.stage3_gather_16bit_weights_on_model_save", True, gather)
    if job.experiment.training and job.experiment.training.optimizer.kind == "muon":
        settings.put("zero_optimization.reduce_scatter", False, "fixed: Muon needs whole gradients")


def _offload(settings: Settings, job: Job) -> None:
    for part in ("optimizer", "param"):
        device = offloaded(job.experiment, part)
        if device is None:
            continue
        settings.take(f"zero_optimization.offload_{part}.device", job.experiment, device.path)
        settings.take(f"zero_optimization.offload_{part}.pin_memory", job.experiment, "deepspeed.offload.pin_memory")
        if device.value == "nvme":
            settings.take(f"zero_optimization.offload_{part}.nvme_path", job.experiment, "deepspeed.offload.nvme_path")
        if part == "optimizer":
            settings.put("zero_force_ds_cpu_optimizer", True, "fixed: DeepSpeed's default")


def _optimizer(settings: Settings, job: Job) -> None:
    settings.put("optimizer.type", "AdamW", origin_of(job.experiment, "training.optimizer.kind"))
    for name, key in (("lr", "learning_rate"), ("betas", "betas"), ("eps", "eps"), ("weight_decay", "weight_decay")):
        settings.take(f"optimizer.params.{name}", job.experiment, f"training.optimizer.{key}")
    # The fused kernel is built on the user's machine for minutes and is no faster on a CPU; the losses are the same.
    on_cpu = job.accelerator == "cpu"
    settings.put("optimizer.params.torch_adam", on_cpu, f"derived: targets.{job.target_name}.accelerator")
