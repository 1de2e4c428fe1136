"""What a cold `llmc compile` costs: CPU time of the process, as a multiple of `python -c pass` and of Hydra's compose.

Usage: python benchmarks/cold_compile.py [rounds]
The commands take turns, so that a busy machine slows all of them alike; ratios are of medians. The goal is 12 x python.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SPEC = ROOT / "tests/cases/ok/sft-lora.yaml"
HEAVY = ("torch", "transformers", "deepspeed")
HYDRA = """
from hydra import compose, initialize_config_dir
with initialize_config_dir(config_dir={folder!r}, version_base=None):
    compose(config_name="config")
"""


def cpu_seconds(command: list[str]) -> float:
    """Run a command to its end and give its user and system time in seconds."""
    # Bytecode is cached as it is for users; an environment that forbids that would measure the Python compiler.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure all cases in turn and print one line each."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.yaml").write_text(SPEC.read_text())
        out = Path(folder) / "build"
        cases = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "llmc check": [sys.executable, "-m", "llmc.compiler.cli", "check", str(SPEC)],
            "llmc compile": [sys.executable, "-m", "llmc.compiler.cli", "compile", str(SPEC), "--out", str(out)],
            "hydra compose": [sys.executable, "-c", HYDRA.format(folder=folder)],
        }
        times: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(rounds + 1):
            for name, command in cases.items():
                shutil.rmtree(out, ignore_errors=True)
                times[name].append(cpu_seconds(command))
    # The first round fills caches.
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    for name, value in medians.items():
        print(
            f"{name:16} {value * 1000:6.0f} ms CPU   {value / medians['python -c pass']:5.1f} x python"
            f"   {value / medians['hydra compose']:5.2f} x hydra"
        )
    print(f"in sys.modules after compiling: {loaded_after_compiling() or 'none'} of {', '.join(HEAVY)}")


def loaded_after_compiling() -> str:
    """Compile in a fresh process and give which heavy libraries it loaded."""
    script = (
        "import sys; from pathlib import Path\n"
        "from llmc.compiler.pipeline import compile_spec; from llmc.compiler.language.diagnostics import Report\n"
        f"assert compile_spec(Path({str(SPEC)!r}), 'spec', Report())\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
