"""The process on each rank: `python -m llmc.runtime.worker --folder … --base … --attempt N [--checkpoint …]`.

It reads the bundle's copy in the run folder, never the bundle itself, which may change meanwhile. A rank has succeeded
when its `rank-<n>.done.json` exists and says so; its exit status alone proves nothing.
"""

import argparse
import ctypes
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

from llmc.runtime.contract import Contract, InferenceRun, read_run
from llmc.runtime.files import write_json
from llmc.runtime.record import Record
from llmc.runtime.session import Session


def main() -> None:
    """Run this rank's part; a Refusal ends it with status 1 and its text on stderr, like any other error."""
    # Libraries tell each other what they deprecate; in a rank's log it would bury what concerns the user.
    warnings.simplefilter("ignore", FutureWarning)
    options = _options()
    rank, ranks = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    record = Record(options.folder)
    target = next((options.folder / "bundle").glob("*/run.json"))
    contract = Contract(read_run(target), target.parent, options.base, record.digest(), ())
    result = _execute(contract, Session(record, rank, ranks, options.checkpoint))
    write_json(record.logs(options.attempt) / f"rank-{rank}.done.json", result)


def _execute(contract: Contract, session: Session) -> dict[str, Any]:
    if isinstance(contract.run, InferenceRun):
        from llmc.runtime.inference import batch

        return batch.run(contract, session)
    import torch

    from llmc.runtime import training

    result = training.run(contract, session)
    torch.distributed.destroy_process_group()
    return result


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--attempt", type=int, required=True)
    parser.add_argument("--checkpoint", type=Path)
    return parser.parse_args()


def _die_with_launcher() -> None:
    """On Linux, end with the launcher even where that was killed and could not end its ranks itself."""
    launcher = os.environ.get("LLMC_LAUNCHER")  # unset under a torchrun that somebody else started
    if sys.platform == "linux":
        pr_set_pdeathsig = 1  # include/uapi/linux/prctl.h
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if launcher and os.getppid() != int(launcher):  # it was killed before the kernel knew what we want
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    _die_with_launcher()
    # Imported late: torch takes a second, in which the launcher may be killed.
    from torch.distributed.elastic.multiprocessing.errors import record as record_errors

    record_errors(main)()
