"""Runs a bundle on this machine: one process per rank under torchrun's agent, watched from here.

The environment of a rank is this process's, without the variables that steer the libraries (see STEERING), and with
those of run.json on top: what changes a result is in the bundle, never in the shell that started it.
"""

import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from torch.distributed.elastic.multiprocessing import LogsDest, LogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from llmc.runtime import checkpoints, extensions, outcome
from llmc.runtime.contract import Contract, InferenceRun
from llmc.runtime.inference import shards
from llmc.runtime.progress import Follower, Printer
from llmc.runtime.record import FailedRank, Outcome, Record

SHUTDOWN_SECONDS = 10  # between SIGTERM and SIGKILL for the ranks that are left
# Variables with these beginnings change what the libraries compute, or where; they come from run.json alone.
STEERING = (
    "ACCELERATE_", "CCL_", "CUBLAS_", "DEEPSPEED_", "DS_", "FI_", "GLOO_", "KMP_", "LOCAL_", "MASTER_", "MKL_",
    "NCCL_", "OMP_", "PYTHONHASHSEED", "PYTORCH_", "TOKENIZERS_", "TORCHELASTIC_", "TORCHINDUCTOR_", "TORCH_",
    "TRANSFORMERS_", "WORLD_SIZE", "RANK",
)  # fmt: skip


class RankLogs(LogsSpecs):
    """rank-0.out, rank-0.err and rank-0.error.json of every rank, in one folder with a name that says so."""

    def __init__(self, folder: Path) -> None:
        super().__init__(log_dir=str(folder))
        self.folder = folder

    @property
    def root_log_dir(self) -> str:
        """Where the files go."""
        return str(self.folder)

    def reify(self, envs: dict[int, dict[str, str]]) -> LogsDest:
        """The files of each rank of this node."""
        self.folder.mkdir(parents=True, exist_ok=True)
        named = {end: {rank: str(self.folder / f"rank-{rank}.{end}") for rank in envs} for end in ("out", "err")}
        errors = {rank: str(self.folder / f"rank-{rank}.error.json") for rank in envs}
        for rank, env in envs.items():
            env["TORCHELASTIC_ERROR_FILE"] = errors[rank]  # where `record` in worker.py writes a rank's traceback
        none: dict[int, str] = {}
        return LogsDest(named["out"], named["err"], none, none, errors)


def environment(contract: Contract) -> tuple[dict[str, str], list[str]]:
    """The environment of the ranks, and the names of the variables that were left out of it."""
    dropped = sorted(name for name in os.environ if name.startswith(STEERING) and name != extensions.VARIABLE)
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    # This environment's ninja before any other: another one would build every extension anew.
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    processes = str(contract.run.launch.processes_per_node)
    # LOCAL_SIZE: DeepSpeed's shared-memory collectives read it; torchrun does not set it, and they crash without.
    ours = {"PATH": path, "LOCAL_SIZE": processes, extensions.VARIABLE: str(extensions.folder())}
    if contract.run.target.accelerator == "cpu":
        # One machine: its name need not resolve, and no firewall stands in between.
        ours["GLOO_SOCKET_IFNAME"] = "lo0" if sys.platform == "darwin" else "lo"
    ours["LLMC_LAUNCHER"] = str(os.getpid())
    return kept | ours | contract.run.launch.environment, dropped


def launch(contract: Contract, record: Record, versions: dict[str, str], printer: Printer) -> Outcome:
    """Run all ranks to their end and write outcome.json, whose exit status is that of the run.

    0 where every rank succeeded; else the first failed rank's exit code, or 128 plus the signal that killed it, or
    130 and 143 where this process was interrupted or terminated.
    """
    attempt, began = record.attempts() + 1, time.monotonic()
    logs = record.logs(attempt)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    failed: list[FailedRank] = []
    status, reason = 0, "every rank finished its work"
    try:
        _attempt(contract, record, attempt, printer)
        failed = outcome.unfinished_ranks(logs, contract.run.launch.processes_per_node)
        if not failed and isinstance(contract.run, InferenceRun):
            shards.merge(record, contract.run.launch.processes_per_node)
    except ChildFailedError as error:
        failed = outcome.failed_ranks(error, logs)
    except SignalException as error:
        status, reason = 128 + error.sigval, f"interrupted by {error.sigval.name}"
    _ignore_signals()
    if failed:
        status, reason = outcome.exit_status(failed[0]), outcome.describe(failed[0])
    ended = Outcome(
        name=contract.run.name,
        task=contract.run.task,
        bundle=contract.digest,
        status="failed" if failed else "interrupted" if status else "completed",
        exit_status=status,
        reason=reason,
        failed=failed,
        attempts=attempt,
        wall_seconds=round(time.monotonic() - began, 3),
        versions=versions,
        **outcome.results(record, logs),
    )
    record.finish(ended)
    return ended


def _attempt(contract: Contract, record: Record, attempt: int, printer: Printer) -> None:
    """Prepare what the ranks need and run them; raises ChildFailedError or SignalException."""
    variables, dropped = environment(contract)
    checkpoint = _checkpoint(contract, record, printer)
    record.event("started", attempt=attempt, ignored_environment=dropped)
    extensions.build(contract, variables, printer.line)
    # -P: a file of the working folder named like a library must not be imported instead of it.
    command = ["-u", "-P", "-m", "llmc.runtime.worker", "--folder", str(record.folder), "--base", str(contract.base)]
    command += ["--attempt", str(attempt)] + (["--checkpoint", str(checkpoint)] if checkpoint else [])
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=contract.run.launch.processes_per_node,
        logs_specs=RankLogs(record.logs(attempt)),
        run_id=f"llmc-{os.getpid()}",
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="127.0.0.1",
        max_restarts=0,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    _silence_agent()
    with _environ(variables), Follower(record, printer):
        elastic_launch(config, sys.executable)(*command)


def _checkpoint(contract: Contract, record: Record, printer: Printer) -> Path | None:
    """Where a resumed run continues, after metrics.jsonl has forgotten what came later; None is the beginning."""
    if record.attempts() == 0 or isinstance(contract.run, InferenceRun):
        return None
    found, skipped = checkpoints.newest(record.checkpoints)
    for sentence in skipped:
        printer.line(sentence)
    step = checkpoints.read_marker(found).step if found else 0
    printer.line(f"resuming run {record.folder.name} after step {step}")
    record.truncate_metrics(step)
    return found


@contextlib.contextmanager
def _environ(variables: dict[str, str]) -> Iterator[None]:
    """This process's environment replaced for a while: torch's agent hands it down to the ranks."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _silence_agent() -> None:
    """Failures are told by us, once; the agent's own log would tell them in between."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("torch.distributed"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _stop(number: int, frame: FrameType | None) -> None:
    raise SignalException(f"signal {number}", signal.Signals(number))


def _ignore_signals() -> None:
    """The ranks have ended: a second Ctrl-C must not keep outcome.json from being written."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
