"""Hostile files end in a diagnostic with a position, by the real command, within a second of CPU and 200 MB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MEGABYTE = 1_000_000
HOSTILE = {
    # name: (content, code, line, column)
    "nested lists": ("llmc: 1\nname: " + "[" * 60_000, "LLM006", 2, 38),  # the 33rd level: 31 after column 7
    "nested mappings": ("llmc: 1\nname: " + "{a: " * 20_000, "LLM006", 2, 7 + 31 * 4),
    "endless number": ("name: " + "1" * 200_000, "LLM004", 1, 7),
    "huge exponent": ("name: 1e999999999", "LLM004", 1, 7),
    "merge-key bomb": ("a: &a {k: 1}\nb: &b {<<: [" + ", ".join(["*a"] * 9) + "]}\n", "LLM005", 1, 4),
    "endless alias": ("a: &a [*a]\n", "LLM005", 1, 4),
    "python object": ("a: !!python/object/apply:os.system [true]\n", "LLM005", 1, 4),
    "too many values": ("llmc: [" + "1," * 60_000 + "]", "LLM006", 1, 8 + 2 * 49_998),  # root and list count as well
    "too large": ("# " + "x" * MEGABYTE, "LLM006", 1, 1),
    "long key": (
        "x" * 500_000 + ": 1",
        "LLM001",
        1,
        500_001,
    ),  # a simple key has at most 1,024 characters, so the colon surprises
    "byte-order mark": ("\ufeffllmc: no", "LLM004", 1, 7),
    "nul": ("llmc: 1\nname: a\0b\n", "LLM002", 2, 8),
    "line separator": ("llmc: 1\nname: 'a\u2028b'\ntask: no\n", "LLM004", 4, 7),  # libyaml ends a line there too
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_cheap(name: str, tmp_path: Path) -> None:
    content, code, line, column = HOSTILE[name]
    spec = tmp_path / "exp.yaml"
    spec.write_text(content, encoding="utf-8")
    done, cpu, peak = _check(spec)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    found = {(d["code"], d["line"], d["column"]) for d in json.loads(done.stdout)["diagnostics"]}
    assert (code, line, column) in found, found
    assert len(done.stdout) < 20_000, "a diagnostic must not repeat a hostile file"
    assert cpu < 1.0
    assert peak < 200 * MEGABYTE


def _check(spec: Path) -> tuple[subprocess.CompletedProcess[str], float, int]:
    """Run `llmc check`; give what it printed, its CPU seconds and its peak memory in bytes."""
    command = [sys.executable, "-c", _MEASURED, "check", str(spec), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ, check=False)
    cpu, peak = done.stderr.rstrip().splitlines()[-1].split()
    return done, float(cpu), int(peak) * 1024


_MEASURED = """
import atexit, resource, sys
def measured():
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Not ru_maxrss: that counts what the parent had in memory when it forked.
    peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(used.ru_utime + used.ru_stime, peak, file=sys.stderr)
atexit.register(measured)
from llmc.compiler.cli.main import main
main()
"""
