"""DeepSpeed's operators, compiled once before the ranks start, instead of by all of them at once.

Three hazards of just-in-time building, all met: a build that was killed leaves a `lock` file for which every later job
waits for ever without a word; the cache is keyed by the Python version alone, so two environments spoil each other's;
and a foreign ninja on PATH rebuilds everything. Hence one folder per environment, one build at a time, locks that
nobody holds are deleted, and ninja is this environment's.
"""

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmc.runtime.contract import Contract
from llmc.runtime.refusal import Refusal

VARIABLE = "TORCH_EXTENSIONS_DIR"
# Name of the operator and of its builder in deepspeed.ops.op_builder (0.19).
SHM = ("deepspeed_shm_comm", "ShareMemCommBuilder")
CPU_ADAM = ("cpu_adam", "CPUAdamBuilder")
ASYNC_IO = ("async_io", "AsyncIOBuilder")

BUILD = """
import sys
from deepspeed.accelerator import get_accelerator
builder = get_accelerator().create_op_builder(sys.argv[1])
if builder.is_compatible(verbose=True):
    builder.load()
"""


def folder() -> Path:
    """Where extensions live: the user's choice, this environment's own folder, or else the user's cache."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen)
    if os.access(sys.prefix, os.W_OK):
        return Path(sys.prefix) / "torch_extensions"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "llmc" / "torch_extensions" / hashlib.sha256(sys.prefix.encode()).hexdigest()[:16]


def needed(contract: Contract) -> list[tuple[str, str]]:
    """The operators that a run loads on a CPU; on other accelerators DeepSpeed's wheels and containers bring them."""
    if contract.run.deepspeed is None or contract.run.target.accelerator != "cpu":
        return []
    config: dict[str, Any] = json.loads((contract.folder / contract.run.deepspeed).read_bytes())
    zero = config.get("zero_optimization", {})
    devices = {(zero.get(part) or {}).get("device") for part in ("offload_optimizer", "offload_param")}
    own_adam = not config.get("optimizer", {}).get("params", {}).get("torch_adam", False)
    return [SHM] + [CPU_ADAM] * own_adam + [ASYNC_IO] * ("nvme" in devices)


def build(contract: Contract, environment: dict[str, str], say: Callable[[str], None]) -> None:
    """Build what is missing, telling so; raises Refusal LLM516 with the log's place."""
    place = Path(environment[VARIABLE])
    for name, builder in needed(contract):
        place.mkdir(parents=True, exist_ok=True)
        with (place / f".{name}.flock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _clear(place / name / "lock", say)
            if not (place / name / f"{name}.so").exists():
                _build(place, name, builder, environment, say)


def _clear(lock: Path, say: Callable[[str], None]) -> None:
    if lock.exists() and not _held(lock):
        say(f"deleting {lock}, left by a build that was killed")
        lock.unlink(missing_ok=True)


def _held(lock: Path) -> bool:
    """Does a process still have the lock open? torch's FileBaton keeps it open while it builds. Without /proc: yes."""
    processes, real = Path("/proc"), lock.resolve()
    if not processes.is_dir():
        return True
    for link in processes.glob("[0-9]*/fd/*"):
        try:
            if link.readlink() == real:
                return True
        except OSError:
            continue  # the process ended, or belongs to somebody else
    return False


def _build(place: Path, name: str, builder: str, environment: dict[str, str], say: Callable[[str], None]) -> None:
    log = place / f"{name}.log"
    say(f"building DeepSpeed's {name}, once for this environment (one to three minutes; log: {log})")
    with log.open("wb") as output:
        command = [sys.executable, "-c", BUILD, builder]
        # A session of its own: interrupted, ninja and the compilers end with it instead of writing on.
        build = subprocess.Popen(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            status = build.wait()
        except BaseException:
            os.killpg(build.pid, signal.SIGKILL)
            build.wait()
            raise
    if status != 0:
        raise Refusal("LLM516", f"building {name} ended with status {status}; log: {log}")
