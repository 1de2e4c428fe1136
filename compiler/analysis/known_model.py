"""What an experiment and the facts say of its model, as the forecasts' plain numbers: measures, counts, bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmc.compiler.analysis.topology import Topology
from llmc.compiler.analysis.workload import Bytes, Counts, Device, Shape
from llmc.compiler.facts.known import Facts
from llmc.compiler.facts.model_card import ModelCard
from llmc.compiler.facts.modules import Parameters
from llmc.compiler.facts.parameters import Counted, trainable
from llmc.compiler.language.experiment import Experiment
from llmc.compiler.language.sections.execution import ZeroInference
from llmc.compiler.language.sections.model import EightBit, FourBit, Lora, QLora

SIZES = {"bf16": 2, "fp16": 2, "fp32": 4}
# What an optimizer remembers of a weight, in bytes: values of 4, or of 1 with their scales.
MOMENTS = {"adamw": 8.0, "adamw_8bit": 2.0, "lion": 4.0, "muon": 4.0}
# nf4 has a number of 4 bytes for 64 weights, of 1 byte for them and 4 for 256 of these where it is quantised as well
# (Dettmers et al. 2023, arXiv:2305.14314, section 3); int8 one for a row. ZeRO-Inference has two of 2 bytes a group.
NF4, NF4_TWICE, INT8 = 0.5 + 4 / 64, 0.5 + 1 / 64 + 4 / (64 * 256), 1.0


@dataclass(frozen=True, slots=True)
class Known:
    """What everything below asks: the experiment, the facts, and DeepSpeed's values as they will be written."""

    experiment: Experiment
    facts: Facts
    settings: Mapping[str, Any]
    topology: Topology
    card: ModelCard
    counted: Counted

    @property
    def size(self) -> int:
        """Bytes of a value while it is computed with."""
        return SIZES[self.experiment.model.dtype]

    def value(self, key: str) -> Any:
        """What DeepSpeed will find at a key."""
        place: Any = self.settings
        for step in key.split("."):
            if not isinstance(place, Mapping) or step not in place:
                return self.facts.deepspeed_keys.default(key)
            place = place[step]
        return place

    def zero(self, name: str) -> Any:
        """What it will find in its section on ZeRO."""
        return self.value(f"zero_optimization.{name}")

    @property
    def stage(self) -> int:
        """The ZeRO stage."""
        return int(self.zero("stage") or 0)

    def offloaded(self, part: str) -> Device:
        """Where the `optimizer` or the `param`s are kept."""
        device = self.zero(f"offload_{part}.device")
        return device if device in ("cpu", "nvme") else "none"


def shape_of(card: ModelCard, parts: Parameters | None) -> Shape | None:
    hidden, layers, heads, vocab = card.hidden_size, card.num_hidden_layers, card.num_attention_heads, card.vocab_size
    width = _feed_forward(card, parts)
    if not (card.model_type and hidden and layers and heads and vocab and width):
        return None
    return Shape(
        card.model_type,
        hidden,
        layers,
        heads,
        card.num_key_value_heads or heads,
        card.head_dim or hidden // heads,
        width,
        vocab,
        gated=_is_gated(hidden, width, parts),
        experts=card.num_experts or 0,
        active_experts=card.num_experts_per_tok or 0,
        tied=parts.tied if parts else bool(card.tie_word_embeddings),
    )


def _feed_forward(card: ModelCard, parts: Parameters | None) -> int | None:
    """How wide the feed-forward layers are, of one expert where there are some: what the last product reads."""
    last = [part for alike in parts.layers for part in alike.mlp if part.outputs == card.hidden_size] if parts else []
    experts = [part.inputs for part in last if part.kind == "experts"]
    return max(experts or [part.inputs for part in last], default=card.intermediate_size)


def _is_gated(hidden: int, width: int, parts: Parameters | None) -> bool:
    """Whether there are three matrices and not two."""
    if parts is None:
        return True
    each = max(part.inputs * part.outputs for alike in parts.layers for part in alike.mlp)
    several = sum(part.kind != "router" for part in parts.layers[-1].mlp) > 2
    return several or each >= 2 * hidden * width


def counts_of(known: Known) -> Counts | None:
    model, parts, total = known.experiment.model, known.counted.parts, known.counted.total
    table = (known.card.vocab_size or 0) * (known.card.hidden_size or 0)
    tables = parts.embeddings if parts else table * (1 if known.card.tie_word_embeddings else 2)
    layer = parts.largest_layer if parts else (total - tables) // (known.card.num_hidden_layers or 1)
    trained, adapter = total, 0
    if isinstance(model.adapter, Lora | QLora):
        counted = trainable(known.card.config, model.adapter)
        if counted is None:
            return None
        trained = adapter = counted
    quantised = parts.linear if parts and _quantised(known) != known.size else 0
    return Counts(total, trained, tables, table, layer, adapter, quantised, parts.experts if parts else 0)


def _quantised(known: Known) -> float:
    """Bytes of a weight of a linear layer."""
    model, inference = known.experiment.model, known.experiment.inference
    if isinstance(model.adapter, QLora):
        return NF4_TWICE if model.adapter.use_double_quant else NF4
    if isinstance(model.quantization, FourBit):
        return NF4_TWICE if model.quantization.use_double_quant else NF4
    if isinstance(model.quantization, EightBit):
        return INT8
    if isinstance(inference, ZeroInference) and inference.weight_quantization:
        return inference.weight_quantization.bits / 8 + 4 / inference.weight_quantization.group_size
    return known.size


def bytes_of(known: Known) -> Bytes:
    """What is held for each weight; DeepSpeed makes everything the type of the model (runtime/engine.py)."""
    size, training = known.size, known.experiment.training
    gradient = SIZES.get(str(known.value("data_types.grad_accum_dtype")), size)
    master, update = _master(known)
    moments = MOMENTS[training.optimizer.kind] if training else 0.0
    if training and training.optimizer.kind == "muon" and known.counted.parts:
        # What is no matrix is trained by AdamW.
        moments += 4 * known.counted.parts.embeddings / known.counted.total
    if known.value("bf16.bf16_optimizer_states"):
        moments /= 2
    return Bytes(size, size, size, _quantised(known), gradient, master, moments, update, size)


def _master(known: Known) -> tuple[float, float]:
    """Bytes of a master weight, and of what an update needs: gradients made flat, and made the master's type.

    In fp32 stage 1 and 2 clone their part of the weights all the same (deepspeed/runtime/zero/stage_1_and_2.py:556),
    stage 3 and 0 do not (stage3.py:1159).
    """
    size = known.size
    if size == 4:
        return (4.0 if known.stage in (1, 2) else 0.0), (4.0 if known.stage else 0.0)
    if known.value("bf16.bf16_master_weights_and_grads"):
        return 2.0, 2.0
    return 4.0, size + 4.0
