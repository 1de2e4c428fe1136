"""What `llmc check` costs beyond its start: on a spec of a thousand lines, and for each experiment of a large sweep.

Usage: python benchmarks/check.py [rounds]
Start-up is `llmc check` of a small spec, measured in turn with the large one. The goals: a thousand lines within 150 ms
CPU above start-up; 10,000 experiments within a millisecond each, and as much for each as with 1,000.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from cold_compile import SPEC, cpu_seconds

from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import understand

DATA = SPEC.parent / "data"


def main() -> None:
    """Measure and print one line each."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "data").symlink_to(DATA)
        _thousand_lines(Path(folder), rounds)
        each = {count: _sweep(Path(folder), count) for count in (1_000, 10_000)}
    for count, seconds in each.items():
        print(f"sweep of {count:6,}: {seconds * 1000:.3f} ms CPU for each experiment")
    print(f"ten times as many: {each[10_000] / each[1_000]:.2f} x for each")


def _thousand_lines(folder: Path, rounds: int) -> None:
    long = folder / "long.yaml"
    long.write_text(_long())
    commands = {name: [sys.executable, "-m", "llmc.compiler.cli", "check", str(spec)] for name, spec in
                (("small", SPEC), ("long", long))}  # fmt: skip
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, command in commands.items():
            times[name].append(cpu_seconds(command))
    small, large = (statistics.median(times[name][1:]) for name in ("small", "long"))
    lines = long.read_text().count("\n")
    print(f"{lines:,} lines: {(large - small) * 1000:.0f} ms CPU above start-up ({small * 1000:.0f} ms)")


def _long() -> str:
    """A right spec with many targets, one line for each value."""
    base = SPEC.read_text().split("targets:")[0]
    target = "  lane{0}:\n    kind: local\n    slots: 2\n    threads_per_rank: 1\n    environment:\n{1}"
    variables = "".join(f"      VARIABLE_{number}: value {number}\n" for number in range(15))
    return base + "targets:\n" + "".join(target.format(number, variables) for number in range(49))


def _sweep(folder: Path, count: int) -> float:
    """CPU seconds for each experiment of a sweep over two keys."""
    rates = ", ".join(f"{number + 1}e-6" for number in range(count // 10))
    spec = folder / f"sweep{count}.yaml"
    grid = f"{{training.optimizer.learning_rate: [{rates}], training.seed: {list(range(10))}}}"
    spec.write_text(f"{SPEC.read_text()}sweep: {{grid: {grid}}}\n")
    start = time.process_time()
    found = sum(1 for _ in understand(spec, "sweep.yaml", Report()))
    assert found == count, f"{found} experiments instead of {count}"
    return (time.process_time() - start) / count


if __name__ == "__main__":
    main()
