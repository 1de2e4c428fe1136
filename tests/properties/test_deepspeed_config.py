"""Whatever the checks let through, DeepSpeed runs: random settings, of keys and values that the table has."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llmc.compiler.checks.deepspeed.value import misfit
from llmc.compiler.facts.deepspeed_keys import Row, keys_of
from llmc.compiler.facts.stack import default_stack
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import compile_spec

TESTS = Path(__file__).parents[1]
TABLE = keys_of(default_stack().versions["deepspeed"])
# Buckets stay small here, as their buffers are made whole; monitors would write beside the tests.
NUMBERS = [-1, 0, 0.25, 0.5, 1, 2, 3, 7, 64, 1000, 1_000_000]
OTHERS = [True, False, None, [], ["mlp"], "/local_nvme"]
LEFT_OUT = (
    "aio", "comet", "csv_monitor", "torch_autocast.lower", "flops_profiler.output_file",
    "train_", "gradient_accumulation_steps", "gradient_clipping", "optimizer", "scheduler", "tensorboard", "wandb",
)  # fmt: skip


def choices(row: Row) -> list[Any]:
    """The values to draw from for a row that a spec may set; none for any other."""
    if "unused" in row or "object" in row.get("type", "object") or row["path"].startswith(LEFT_OUT):
        return []
    return [value for value in [*row.get("enum", []), *NUMBERS, *OTHERS] if misfit(value, row) is None]


def settings(draw: random.Random) -> dict[str, Any]:
    rows = {row["path"]: row for row in TABLE.rows.values() if choices(row)}
    found: dict[str, Any] = {}
    for path in draw.sample(sorted(rows), draw.randint(1, 6)):
        *sections, name = path.split(".")
        place = found
        for section in sections:
            place = place.setdefault(section, {})
        place[name] = draw.choice(choices(rows[path]))
    return found


@pytest.mark.slow
def test_what_is_let_through_runs(tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(TESTS / "cases/ok/data")
    spec, draw, accepted = tmp_path / "random.yaml", random.Random(20261124), {}
    head = (TESTS / "cases/ok/deepspeed-stage-2.yaml").read_text().partition("deepspeed:\n")[0]
    while len(accepted) < 60:
        dtype, clipping, stage = draw.choice(["fp32", "bf16"]), draw.choice(["0", "1.0"]), draw.randrange(4)
        config = json.dumps(settings(draw))
        text = head.replace("dtype: bf16", f"dtype: {dtype}").replace("clipping: 1.0", f"clipping: {clipping}")
        spec.write_text(f"{text}deepspeed:\n  zero_stage: {stage}\n  config: {config}\n")
        for bundle in compile_spec(spec, spec.name, Report()):
            accepted[f"ZeRO {stage}, {dtype}, {config}"] = json.loads(bundle.files["local/deepspeed.json"])
    done = subprocess.run(
        [sys.executable, str(TESTS / "golden/initialize.py")],
        input=json.dumps(accepted), capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    told = json.loads(done.stdout.splitlines()[-1])
    assert {name: refusal for name, refusal in told.items() if refusal} == {}
