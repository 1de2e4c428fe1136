"""Our worker against a hand-written transformers.Trainer + DeepSpeed script: the same losses, at the same cost?

Both run under plain torchrun on two ranks, on the same model, data and deepspeed.json, in alternation. What counts is
tokens per CPU second, user and system of all processes from start to end, since wall time on a shared machine says
little; the start (imports above all) is told apart from the steps by running each with few steps and with many.

    python benchmarks/runtime.py [--rounds 5] [--steps 400] [--lora]
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1] / "tests" / "runtime"
sys.path.insert(0, str(TESTS))

import bundlekit  # noqa: E402
import sample  # noqa: E402

from llmc.runtime import extensions, record  # noqa: E402
from llmc.runtime.bundle import load  # noqa: E402

FEW = 20


def main() -> None:
    """Print a line per round and the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--stage", type=int, default=1)
    parser.add_argument("--lora", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        sample.make(project, sample.tokenizer())
        compare(project, options)


def compare(project: Path, options: argparse.Namespace) -> None:
    """Run both sides with few and many steps, in alternation."""
    targets = {steps: bundle(project, steps, options) for steps in (FEW, options.steps)}
    seconds: dict[tuple[str, int], list[float]] = {}
    for number in range(options.rounds):
        for steps, target in targets.items():
            ours, our_losses, tokens = run_ours(project, target)
            theirs, their_losses = run_theirs(project, target)
            seconds.setdefault(("ours", steps), []).append(ours)
            seconds.setdefault(("theirs", steps), []).append(theirs)
            gap = max(abs(a - b) for a, b in zip(our_losses, their_losses, strict=True))
            print(f"round {number + 1}, {steps} steps, {tokens} tokens: ours {ours:.1f} CPU s, by hand {theirs:.1f}, "
                  f"largest loss difference {gap:.1e}", flush=True)  # fmt: skip
    median = {key: statistics.median(values) for key, values in seconds.items()}
    whole = median["theirs", options.steps] / median["ours", options.steps]
    start = {side: median[side, FEW] for side in ("ours", "theirs")}
    step = {side: (median[side, options.steps] - start[side]) / (options.steps - FEW) for side in start}
    print(f"start and {FEW} steps: ours {start['ours']:.1f} CPU s, by hand {start['theirs']:.1f}")
    print(f"a step: ours {1000 * step['ours']:.1f} CPU ms, by hand {1000 * step['theirs']:.1f}")
    print(f"tokens per CPU second, ours / by hand: whole {whole:.3f}, steps alone {step['theirs'] / step['ours']:.3f}")


def bundle(project: Path, steps: int, options: argparse.Namespace) -> Path:
    """The bundle of a fine-tuning of so many steps."""
    run = bundlekit.sft(f"steps{steps}")
    run["model"]["adapter"] = bundlekit.LORA if options.lora else None
    run["training"] |= {
        "max_steps": steps, "micro_batch_size": 4, "checkpoint": {"every_steps": None, "keep": 1},
    }  # fmt: skip
    return bundlekit.write(project, run, options.stage)


def run_ours(project: Path, target: Path) -> tuple[float, list[float], int]:
    """CPU seconds, losses and tokens of our worker."""
    run = record.create(load(target))
    arguments = ["-m", "llmc.runtime.worker", "--folder", str(run.folder), "--base", str(project), "--attempt", "1"]
    run.logs(1).mkdir(parents=True)
    seconds = torchrun(project, arguments)
    rows = run.metric_rows()
    return seconds, [row["loss"] for row in rows], rows[-1]["tokens"]


def run_theirs(project: Path, target: Path) -> tuple[float, list[float]]:
    """CPU seconds and losses of the hand-written script."""
    files = [str(target / "run.json"), str(target / "deepspeed.json"), "losses.json"]
    seconds = torchrun(project, [str(TESTS / "handwritten.py"), *files])
    losses: list[float] = json.loads((project / "losses.json").read_text())
    return seconds, losses


def torchrun(project: Path, arguments: list[str]) -> float:
    """Run two ranks; returns the CPU seconds of all processes."""
    variables: dict[str, Any] = {"LOCAL_SIZE": "2", extensions.VARIABLE: str(extensions.folder())}
    variables["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, cwd=project, env=os.environ | bundlekit.ENVIRONMENT | variables, check=True, capture_output=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
