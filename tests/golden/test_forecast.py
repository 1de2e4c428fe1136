"""The memory forecast against published measurements, and what it is compared with against the originals."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from llmc import schemas

FOLDER = Path(__file__).parents[2] / "benchmarks/forecast"


@pytest.fixture(scope="module")
def benchmark() -> dict[str, ModuleType]:
    """The benchmark's modules, which find each other beside them."""
    sys.path.insert(0, str(FOLDER))
    try:
        import baselines
        import fit
        import memory
        import rows
        import run
    finally:
        sys.path.remove(str(FOLDER))
    return {module.__name__: module for module in (baselines, fit, memory, rows, run)}


def test_the_constants_are_those_that_the_rows_give(benchmark: dict[str, ModuleType]) -> None:
    fit, rows = benchmark["fit"], benchmark["rows"]
    assert fit.document(fit.cases(rows.load())) == schemas.load("catalog/calibration.json")


@pytest.mark.slow
def test_the_page_is_current(benchmark: dict[str, ModuleType]) -> None:
    written = (FOLDER / "README.md").read_text()
    made = benchmark["run"].page(benchmark["rows"].load())
    untimed = [text.partition("## Cost")[0] for text in (written, made)]
    assert untimed[0] == untimed[1]


def test_what_was_asked_of_the_forecast(benchmark: dict[str, ModuleType]) -> None:
    fit = benchmark["fit"]
    answers = fit.held_out(fit.cases(benchmark["rows"].load()))
    trained = [(case, expected, spread) for case, expected, spread in answers if case.work.task == "train"]
    errors = sorted(abs(expected / case.truth - 1) for case, expected, _ in trained)
    assert errors[len(errors) // 2] <= 0.09
    assert errors[int(0.9 * len(errors))] <= 0.30
    too_low = [expected * spread[fit.family(case.work)]["high"] < case.truth for case, expected, spread in trained]
    assert sum(too_low) / len(too_low) <= 0.10
    answering = sorted(abs(expected / case.truth - 1) for case, expected, _ in answers if case.work.task == "infer")
    assert answering[len(answering) // 2] <= 0.03


def test_no_row_is_judged_that_cannot_be(benchmark: dict[str, ModuleType]) -> None:
    rows, fit = benchmark["rows"], benchmark["fit"]
    every = rows.load()
    assert len({row["id"] for row in every}) == len(every)
    assert not [row["id"] for row in every if fit.is_scored(row) and rows.workload(row) is None]


def test_every_program_that_differs_says_where_that_is_from() -> None:
    about = json.loads((FOLDER / "data/frameworks.json").read_text())
    assert [name for table in about.values() for name, row in table.items() if not row.get("source")] == []


@pytest.mark.slow
@pytest.mark.parametrize("offload", [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("nodes", [1, 4])
def test_deepspeeds_estimator_is_deepspeeds(benchmark: dict[str, ModuleType], offload: tuple, nodes: int) -> None:
    from deepspeed.runtime.zero.stage3 import estimate_zero3_model_states_mem_needs as theirs3
    from deepspeed.runtime.zero.stage_1_and_2 import estimate_zero2_model_states_mem_needs as theirs2

    ours, total, largest = benchmark["baselines"], 6_738_415_616, 131_072_000
    for init in (True, False):
        cpu, gpu, _ = theirs3(total, largest, 8, nodes, *offload, init)
        assert ours.zero3(total, largest, 8, nodes, *offload, init) == (cpu, gpu)
    assert ours.zero2(total, 8, nodes, offload[0]) == tuple(theirs2(total, 8, nodes, offload[0]))
