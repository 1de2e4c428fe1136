"""Makes a Workload of an experiment, of what is known of its model, and of the values of its deepspeed.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmc.compiler.analysis.adapter_inputs import inputs_of
from llmc.compiler.analysis.kept import kept, of_adapter
from llmc.compiler.analysis.known_model import SIZES, Known, bytes_of, counts_of, shape_of
from llmc.compiler.analysis.topology import device_of, topology_of
from llmc.compiler.analysis.workload import (
    Batch,
    Device,
    Files,
    Generation,
    Machine,
    Ranks,
    Recompute,
    Saved,
    Shape,
    Sharding,
    Workload,
)
from llmc.compiler.facts.known import Facts
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.data import TrainingData
from llmc.compiler.language.sections.execution import DeepSpeedInference, TransformersInference, ZeroInference
from llmc.compiler.language.sections.model import Lora, QLora
from llmc.compiler.language.sections.targets import Kubernetes, SageMaker

GIB = 2**30


def workload_of(experiment: Experiment, facts: Facts, target_name: str, settings: Mapping[str, Any]) -> Workload | None:
    """Describe what a target will run. `settings` is its deepspeed.json, as it is nested; empty where it has none.

    None where something is not known that it depends on: the model's measures, how many weights an adapter trains, the
    machines, how long prompts are.
    """
    topology, card = topology_of(experiment, target_name, facts), facts.model(experiment)
    counted = facts.parameters(experiment) if card else None
    if topology is None or card is None or counted is None:
        return None
    known = Known(experiment, facts, settings, topology, card, counted)
    shape, counts, ranks = shape_of(card, counted.parts), counts_of(known), _ranks(known)
    generation = _generation(known)
    if shape is None or counts is None or ranks is None or (experiment.inference and generation is None):
        return None
    model, training = experiment.model, experiment.training
    return Workload(
        "infer" if experiment.inference else "train",
        shape,
        counts,
        bytes_of(known),
        ranks,
        _sharding(known),
        _saved(known, shape) if training else Saved(),
        _batch(known),
        Recompute(
            "full" if training and training.gradient_checkpointing else "none", loss=0 if model.use_liger_kernel else 12
        ),
        generation,
        _machine(known, target_name),
        _files(known),
        method=model.adapter.kind if model.adapter else "full",
        optimizer=training.optimizer.kind if training else "",
        dtype=model.dtype,
        engine=experiment.inference.engine if experiment.inference else "",
        reference=_has_reference(experiment),
    )


def _ranks(known: Known) -> Ranks | None:
    topology, degrees = known.topology, known.experiment.parallelism
    if not topology.data_parallel:
        return None
    return Ranks(
        topology.data_parallel,
        degrees.tensor,
        degrees.sequence,
        per_node=topology.ranks_per_node,
        nodes=topology.nodes,
    )


def _sharding(known: Known) -> Sharding:
    inference = known.experiment.inference
    if isinstance(inference, ZeroInference):
        away: Device = "nvme" if inference.offload == "nvme" else "cpu" if inference.offload == "cpu" else "none"
        return Sharding("deepspeed", 3, offload_param=away)
    if inference or not known.experiment.deepspeed:
        return Sharding("none")
    optimizer, param = known.offloaded("optimizer"), known.offloaded("param") if known.stage == 3 else "none"
    pinned = [known.zero(f"offload_{part}.pin_memory") for part in ("optimizer", "param")]
    swapped = int(known.zero("offload_param.buffer_count") or 0) * int(known.zero("offload_param.buffer_size") or 0)
    return Sharding(
        "deepspeed",
        known.stage,
        optimizer,
        param,
        any(pinned),
        int(known.zero("reduce_bucket_size")),
        int(known.zero("allgather_bucket_size")),
        int(known.zero("stage3_prefetch_bucket_size")),
        int(known.zero("stage3_max_live_parameters")),
        int(known.zero("stage3_max_reuse_distance")),
        int(known.zero("stage3_param_persistence_threshold")),
        int(known.zero("sub_group_size")),
        bool(known.zero("overlap_comm")),
        SIZES.get(str(known.value("communication_data_type")), known.size),
        swap_buffers=swapped,
    )


def _saved(known: Known, shape: Shape) -> Saved:
    model = known.experiment.model
    adapter = model.adapter if isinstance(model.adapter, Lora | QLora) else None
    saved = kept(
        shape,
        model.dtype,
        trained=adapter is None,
        eager=model.attn_implementation == "eager",
        liger=model.use_liger_kernel,
    )
    if adapter is None or known.counted.parts is None:
        return saved
    beside = of_adapter(inputs_of(known.counted.parts, adapter), adapter.r, known.size, known.size, adapter.dropout > 0)
    return Saved(saved.attention, saved.ffn, beside, saved.scores)


def _batch(known: Known) -> Batch:
    data, training = known.experiment.data, known.experiment.training
    if training is None or not isinstance(data, TrainingData):
        return Batch()
    micro = known.settings.get("train_micro_batch_size_per_gpu") or training.micro_batch_size or 1
    accumulation = known.settings.get("gradient_accumulation_steps") or 1
    longest = data.max_length
    if not data.packing:
        cards = known.facts.data(known.experiment).values()
        counted = [card.tokens.longest for card in cards if card.tokens]
        longest = min(longest, max(counted)) if counted else longest
    return Batch(int(micro), longest, int(accumulation), 2 if known.experiment.task in ("dpo", "orpo") else 1)


def _generation(known: Known) -> Generation | None:
    inference = known.experiment.inference
    if inference is None:
        return None
    cards = known.facts.data(known.experiment).values()
    prompts = [card.tokens.longest for card in cards if card.tokens]
    if not prompts:
        return None
    beams = inference.generation.num_beams
    room = 0
    if isinstance(inference, DeepSpeedInference) and inference.replace_with_kernel_inject:
        room = inference.max_out_tokens
    assert isinstance(inference, TransformersInference | DeepSpeedInference | ZeroInference)
    return Generation(
        inference.batch_size * beams, max(prompts), inference.generation.max_new_tokens, room, float(known.size)
    )


def _machine(known: Known, target_name: str) -> Machine:
    target = known.experiment.targets[target_name]
    device = device_of(target, known.facts)
    host = nvme = None
    if isinstance(target, SageMaker):
        machine = known.facts.instance(target.instance_type)
        host = machine.memory_mib * 2**20 if machine and machine.memory_mib else None
        nvme = machine.nvme_gb * 10**9 if machine and machine.nvme_gb is not None else None
    elif isinstance(target, Kubernetes) and target.memory_gb:
        host = target.memory_gb * 10**9
    usable = int(device.usable_gib * GIB) if device and device.usable_gib else None
    return Machine(device.id if device else "", device.kind if device else "cuda", usable, host, nvme)


def _files(known: Known) -> Files:
    training = known.experiment.training
    if training is None:
        return Files(read=known.size)
    saving = training.checkpoint
    kept_ones = saving.keep if saving.every_steps else 0
    return Files(kept_ones, saving.save_optimizer, training.dataloader_num_workers, known.stage == 3, read=known.size)


def _has_reference(experiment: Experiment) -> bool:
    """Whether DPO holds a second model: not where its answers were computed before, or an adapter is switched off."""
    if experiment.task != "dpo" or experiment.preference is None:
        return False
    named = experiment.preference.reference_model is not None
    return (named or experiment.model.adapter is None) and not experiment.preference.precompute_reference
