"""transformers.Trainer with our record and our checkpoints; the loop itself is the Trainer's."""

import math
import time
from pathlib import Path
from typing import Any

import torch
from transformers import Trainer, TrainerCallback
from transformers.trainer_callback import PrinterCallback

from llmc.runtime import checkpoints
from llmc.runtime.refusal import Refusal
from llmc.runtime.session import Session


class RunTrainer(Trainer):  # type: ignore[misc]
    """The Trainer of one rank. `keep` is how many complete checkpoints stay."""

    def __init__(self, session: Session, keep: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.session = session
        self.keep = keep
        self.remove_callback(PrinterCallback)
        self.add_callback(_Beginning(self))
        self.tokens = self.logged_tokens = 0  # of all ranks since step 0: in all, and told in metrics.jsonl
        self.new_tokens = 0  # of this rank, not yet in `tokens`
        self.elapsed = 0.0  # seconds of earlier attempts
        self.evaluated_step: int | None = None
        self.began = self.logged = time.monotonic()

    def begin(self) -> None:
        """Start the clocks, and on a resumed run restore what the Trainer forgets between two attempts."""
        self.began = self.logged = time.monotonic()
        if self.session.checkpoint is not None:
            marker = checkpoints.read_marker(self.session.checkpoint)
            self.tokens = self.logged_tokens = marker.tokens
            self.elapsed = marker.elapsed
            # Steps since the last logged row: without them the next row would tell the mean of fewer steps.
            self._tr_loss += marker.loss_sum
            self._globalstep_last_logged = marker.logged_step
        self.session.say("training", step=self.state.global_step, total_steps=self.state.max_steps)

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The model's own loss, after counting the tokens it is computed from."""
        lengths = inputs.pop("lengths")
        if model.training:
            self.new_tokens += int(lengths.sum())
        return super().compute_loss(model, inputs, *args, **kwargs)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Nobody reads the Trainer's estimate, and it costs a walk through the parameters at each step."""
        return 0

    def store_flos(self) -> None:
        """Nor the collective that sums it at each logged row; the tokens' sum takes its place."""

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Write a row of metrics.jsonl; every rank comes here, the first one writes. Raises Refusal LLM541."""
        row: dict[str, Any] = {"step": self.state.global_step, "epoch": self.state.epoch}
        if "loss" in logs:
            self._check_finite(logs["loss"])
            row |= {"loss": logs["loss"], "learning_rate": logs["learning_rate"], "grad_norm": logs.get("grad_norm")}
            row |= self._speed()
        elif "eval_loss" in logs:
            self.evaluated_step = self.state.global_step
            row |= {"eval_loss": logs["eval_loss"], "elapsed": self._elapsed()}
        else:
            return
        if self.session.rank == 0:
            self.session.record.metric(row)

    def _check_finite(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise Refusal("LLM541", f"the loss is {loss} at step {self.state.global_step}")

    def _speed(self) -> dict[str, Any]:
        now = time.monotonic()
        self._reduce_tokens()
        rate = (self.tokens - self.logged_tokens) / max(now - self.logged, 1e-9)
        self.logged, self.logged_tokens = now, self.tokens
        return {"tokens": self.tokens, "tokens_per_second": round(rate, 1), "elapsed": self._elapsed()}

    def _reduce_tokens(self) -> None:
        self.tokens += int(_sum(self.new_tokens, self.args.device))
        self.new_tokens = 0

    def _elapsed(self) -> float:
        return round(self.elapsed + time.monotonic() - self.began, 3)

    def _run_epoch(self, *args: Any, **kwargs: Any) -> None:
        # Resumed after its last step, the Trainer (5.23) would train one step too many.
        if self.state.global_step < self.state.max_steps:
            super()._run_epoch(*args, **kwargs)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Write what resuming needs, and no copy of the model beside it: the export writes that once, at the end."""
        record = self.session.record
        folder = checkpoints.folder(record.checkpoints, self.state.global_step)
        self.session.say("checkpoint", step=self.state.global_step)
        self._save_optimizer_and_scheduler(str(folder))
        self._save_rng_state(str(folder))
        self._reduce_tokens()
        pending = _sum(float(self._tr_loss), self.args.device) / self.args.world_size
        if self.session.rank == 0:
            self.state.save_to_json(str(folder / "trainer_state.json"))
        torch.distributed.barrier()
        if self.session.rank == 0:
            checkpoints.complete(folder, self._marker(folder, pending))
            checkpoints.prune(record.checkpoints, self.keep)

    def _marker(self, folder: Path, pending: float) -> checkpoints.Marker:
        return checkpoints.Marker(
            step=self.state.global_step,
            parameters=sum(getattr(p, "ds_numel", p.numel()) for p in self.model.parameters()),
            tokens=self.tokens,
            elapsed=self._elapsed(),
            loss_sum=pending,
            logged_step=self._globalstep_last_logged,
            files=checkpoints.sizes(folder),
        )


class _Beginning(TrainerCallback):  # type: ignore[misc]
    """Calls the trainer when its loop begins: the Trainer resets its counters right before."""

    def __init__(self, trainer: RunTrainer) -> None:
        self.trainer = trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.trainer.begin()


def _sum(value: float, device: torch.device) -> float:
    """The sum over all ranks, in double precision: token counts stay exact."""
    total = torch.tensor(value, dtype=torch.float64, device=device)
    torch.distributed.all_reduce(total)
    return float(total)
