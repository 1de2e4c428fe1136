"""Run folders: numbers, locks, copies, continuation."""

import json
import os

import bundlekit
import pytest

from llmc.runtime import record
from llmc.runtime.bundle import load
from llmc.runtime.record import FailedRank, Outcome
from llmc.runtime.refusal import Refusal


@pytest.fixture
def contract(tmp_path):
    return load(bundlekit.write(tmp_path, bundlekit.sft("quickstart")))


def outcome(contract, status):
    return Outcome(
        name="quickstart", task="sft", bundle=contract.digest, status=status, exit_status=0, reason="", failed=[],
        attempts=1, steps=1, final_loss=None, wall_seconds=1.0, versions={},
    )  # fmt: skip


def ended(contract, status):
    run = record.create(contract)
    run.finish(outcome(contract, status))
    run.unlock()
    return run


def test_runs_are_numbered_and_hold_a_copy_of_the_bundle(contract, tmp_path):
    first, second = record.create(contract), record.create(contract)
    assert [first.folder, second.folder] == [tmp_path / "runs/quickstart/0001", tmp_path / "runs/quickstart/0002"]
    bundle = tmp_path / "build" / "quickstart"
    for name in ("manifest.json", "PLAN.md", "local/run.json", "local/deepspeed.json"):
        assert (first.folder / "bundle" / name).read_bytes() == (bundle / name).read_bytes()


def test_latest_is_the_newest_completed_run(contract, tmp_path):
    ended(contract, "completed")
    ended(contract, "completed")
    ended(contract, "failed")
    assert os.readlink(tmp_path / "runs/quickstart/latest") == "0002"


def test_outcome_is_plain_json(contract):
    run = record.create(contract)
    failed = FailedRank(rank=1, signal="SIGKILL", exit_code=None, error="")
    run.finish(Outcome(**{name: getattr(outcome(contract, "failed"), name) for name in Outcome.__struct_fields__}
                       | {"failed": [failed]}))  # fmt: skip
    content = json.loads((run.folder / "outcome.json").read_text())
    assert content["failed"] == [{"rank": 1, "signal": "SIGKILL", "exit_code": None, "error": ""}]


def test_a_run_has_one_writer(contract):
    running = record.create(contract)
    with pytest.raises(Refusal, match=r"LLM532.*0001 is in use"):
        record.reopen(contract)
    running.unlock()
    assert record.reopen(contract).folder == running.folder


def test_a_failed_run_is_reopened(contract):
    run = ended(contract, "failed")
    assert record.reopen(contract).folder == run.folder
    assert run.outcome() is None


def test_a_completed_run_is_not_reopened(contract):
    ended(contract, "completed")
    with pytest.raises(Refusal, match=r"LLM530.*0001 is complete"):
        record.reopen(contract)


def test_nothing_to_reopen(contract):
    with pytest.raises(Refusal, match="LLM530"):
        record.reopen(contract)


def test_another_bundle_does_not_continue_a_run(contract, tmp_path):
    ended(contract, "failed")
    run = bundlekit.sft("quickstart")
    run["training"]["seed"] = 43
    other = tmp_path / "elsewhere"
    other.mkdir()
    target = bundlekit.write(other, run)
    (other / "runs").symlink_to(tmp_path / "runs")
    with pytest.raises(Refusal, match=r"LLM531.*0001 was made by"):
        record.reopen(load(target))


def test_metrics_forget_what_a_checkpoint_does_not_know(contract):
    run = record.create(contract)
    for step in range(1, 6):
        run.metric({"step": step, "loss": 1.0})
    with run.metrics.open("ab") as file:
        file.write(b'{"step": 6, "lo')  # a kill in the middle of a write
    run.truncate_metrics(3)
    assert [row["step"] for row in run.metric_rows()] == [1, 2, 3]


def test_attempts_outlive_the_launcher(contract):
    run = record.create(contract)
    assert run.attempts() == 0
    run.event("started", attempt=1)
    run.event("training", step=0)
    run.event("started", attempt=2)
    assert run.attempts() == 2


def test_a_folder_that_cannot_be_made_is_refused(contract):
    # Permissions would not do: root may write everywhere.
    runs = contract.path(contract.run.runs)
    runs.parent.mkdir(parents=True, exist_ok=True)
    runs.write_text("in the way")
    with pytest.raises(Refusal, match="LLM514"):
        record.create(contract)
