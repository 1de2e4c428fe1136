"""The checks of deepspeed.config against DeepSpeed: what it does with the file that we would write without them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llmc.compiler import checks
from llmc.compiler.language.diagnostics import Report
from llmc.compiler.pipeline import compile_spec

CASES = Path(__file__).parents[1] / "cases"
INITIALIZE = Path(__file__).parent / "initialize.py"
CODES = {f"LLM{number}" for number in (214, 215, 216, *range(240, 280))}
# Inference by ZeRO has checks of the same codes, and no file yet.
WRONG = sorted(
    path
    for path in (CASES / "err").glob("*.yaml")
    if path.stem.split("-")[0] in CODES and "task: infer" not in path.read_text()
)
RIGHT = sorted(path for folder in ("ok", "later") for path in (CASES / folder).glob("deepspeed-*.yaml"))

# DeepSpeed refuses these while it reads the file. It reads all others, and that is why there are checks.
REFUSED_WHEN_READ = {
    "LLM214-removed", "LLM215-null", "LLM240-fraction", "LLM240-list-item", "LLM240-negative-bucket",
    "LLM240-unknown-choice", "LLM244-partial-offload", "LLM250-stage", "LLM254-sum", "LLM255-stage",
    "LLM255-states-alone", "LLM257-internal",
}  # fmt: skip
# And these when the engine is built, or in the first step: the sample that needs neither a GPU nor a second rank.
REFUSED_WHEN_RUN = {
    "LLM240-dtype": "not a valid DtypeEnum",
    "LLM240-log-level": "not one of the valid logging levels",
    "LLM240-text-for-number": "unsupported operand",
    "LLM240-zero-steps": "modulo by zero",
    "LLM241-legacy": "deprecated version of ZeRO Stage 1",
    "LLM244-pipeline-loading": "Only stage3 support",
    "LLM245-nvme-path": "nvme_path",
    "LLM246-odd-bucket": "nccl_start_alignment_factor",
    "LLM247-predivide": "gradient_predivide_factor",
    "LLM247-prescale": "pre-scale gradients",
    "LLM248-accumulation": "unsupported mix",
    "LLM250-bf16": "compute_grad_norm=false does not support",
    "LLM250-clipping": "requires gradient_clipping=0",
    "LLM250-offload": "compute_grad_norm=false does not support",
    "LLM253-comet": "comet",
    "LLM255-cpu": "Master weights feature requires",
    "LLM255-no-offload": "Master weights feature requires",
    "LLM256-param-dtype": "conflicts with the",
    "LLM258-quantized": "not been implemented on CPU backend",
    "LLM258-super-offload": "SuperOffload only supports",
    "LLM258-partial-offload": "Hybrid Optimizer Only Supports DeepSpeedCPUAdam",
}
# At the same stages, what comes close: the engine is built, takes steps, saves and loads.
RUNS = ["deepspeed-stage-0", "deepspeed-stage-1", "deepspeed-stage-2", "deepspeed-stage-3"]


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "run", lambda *_: None)


def config_of(spec: Path) -> dict[str, Any]:
    (bundle,) = compile_spec(spec, spec.name, Report())
    text = bundle.files["local/deepspeed.json"]
    config: dict[str, Any] = json.loads(text)
    return config


def refusal(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str | None:
    from deepspeed.runtime.config import DeepSpeedConfig

    monkeypatch.setattr("deepspeed.runtime.config.dist.get_rank", lambda *_: 0)
    monkeypatch.setattr("deepspeed.runtime.config.dist.get_world_size", lambda *_: 4)
    try:
        DeepSpeedConfig(config)
    except Exception as error:
        return str(error)
    return None


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
def test_right_files_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {path.stem: refusal(config_of(path), monkeypatch) for path in RIGHT} == dict.fromkeys(
        path.stem for path in RIGHT
    )


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
def test_wrong_files_are_refused_or_not_as_we_say(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {path.stem for path in WRONG if refusal(config_of(path), monkeypatch)} == REFUSED_WHEN_READ


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked")
def test_the_engine_refuses_what_we_refuse(tmp_path: Path) -> None:
    specs = [CASES / "err" / f"{name}.yaml" for name in REFUSED_WHEN_RUN]
    specs += [CASES / "ok" / f"{name}.yaml" for name in RUNS]
    configs = {spec.stem: config_of(spec) for spec in specs}
    done = subprocess.run(
        [sys.executable, str(INITIALIZE)],
        input=json.dumps(configs), capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    told = json.loads(done.stdout.splitlines()[-1])
    for name, words in REFUSED_WHEN_RUN.items():
        assert words in (told[name] or ""), (name, told[name])
    assert {name: told[name] for name in RUNS} == dict.fromkeys(RUNS)
