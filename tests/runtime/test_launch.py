"""What the launcher decides without starting a rank."""

import io
import json
import os
import signal
import subprocess
import sys
import time

import bundlekit
import pytest
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from llmc.runtime import extensions, outcome, preflight, progress
from llmc.runtime.bundle import load
from llmc.runtime.inference import shards
from llmc.runtime.launchers import local
from llmc.runtime.record import FailedRank, Outcome, Record
from llmc.runtime.refusal import Refusal, catalogue


@pytest.fixture
def contract(tmp_path):
    return load(bundlekit.write(tmp_path, bundlekit.sft("quickstart")))


def test_what_steers_libraries_comes_from_the_bundle_alone(contract, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "fp16")
    monkeypatch.setenv("HF_HOME", "/somewhere")
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", "/chosen")
    variables, dropped = local.environment(contract)
    assert {"OMP_NUM_THREADS", "ACCELERATE_MIXED_PRECISION"} <= set(dropped)
    assert "ACCELERATE_MIXED_PRECISION" not in variables
    assert variables["OMP_NUM_THREADS"] == "1"  # run.json's
    assert variables["HF_HOME"] == "/somewhere"
    assert variables["TORCH_EXTENSIONS_DIR"] == "/chosen"
    assert variables["LOCAL_SIZE"] == "2"
    assert variables["PATH"].split(os.pathsep)[0] == os.path.dirname(sys.executable)


def test_the_extensions_of_an_environment_are_its_own(monkeypatch):
    monkeypatch.delenv("TORCH_EXTENSIONS_DIR", raising=False)
    assert sys.prefix in str(extensions.folder())
    monkeypatch.setattr(extensions.os, "access", lambda *_: False)
    monkeypatch.setattr(extensions.sys, "prefix", "/one")
    one = extensions.folder()
    monkeypatch.setattr(extensions.sys, "prefix", "/two")
    assert extensions.folder() != one


def test_only_a_lock_that_nobody_holds_is_deleted(tmp_path):
    said = []
    lock = tmp_path / "lock"
    code = "import os, sys, time; os.open(sys.argv[1], os.O_CREAT); print(1, flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code, lock], stdout=subprocess.PIPE)
    holder.stdout.readline()
    extensions._clear(lock, said.append)
    assert lock.exists()
    holder.kill()
    holder.wait()
    extensions._clear(lock, said.append)
    assert not lock.exists()
    assert len(said) == 1


def test_an_extension_that_cannot_be_built_is_refused(contract, tmp_path):
    variables = local.environment(contract)[0] | {"TORCH_EXTENSIONS_DIR": str(tmp_path / "ext"), "PATH": "/nowhere"}
    said = []
    with pytest.raises(Refusal, match=r"LLM516.*deepspeed_shm_comm.*log: "):
        extensions.build(contract, variables, said.append)
    assert "building DeepSpeed's deepspeed_shm_comm" in said[0]
    assert (tmp_path / "ext" / "deepspeed_shm_comm.log").read_text()


def failure(tmp_path, rank, exitcode, message=None, when=100):
    path = tmp_path / f"rank-{rank}.error.json"
    if message:
        extra = {"py_callstack": f"Traceback\n{message}", "timestamp": str(when)}
        path.write_text(json.dumps({"message": {"message": message, "extraInfo": extra}}))
    return ProcessFailure(local_rank=rank, pid=1, exitcode=exitcode, error_file=str(path))


LOST = "RuntimeError: [gloo/transport/tcp/pair.cc:534] Connection closed by peer"


def test_the_cause_of_a_failure_comes_first(tmp_path):
    (tmp_path / "rank-2.err").write_text("dying words\n")
    failures = {
        0: failure(tmp_path, 0, 1, LOST, when=90),
        1: failure(tmp_path, 1, -signal.SIGTERM),
        2: failure(tmp_path, 2, -signal.SIGKILL),
        3: failure(tmp_path, 3, 1, "ValueError: no", when=110),
    }
    found = outcome.failed_ranks(ChildFailedError("worker", failures), tmp_path)
    assert [failed.rank for failed in found] == [2, 3, 0]
    assert found[0] == FailedRank(2, "SIGKILL", None, "dying words")
    assert outcome.describe(found[0]) == "rank 2 was killed by SIGKILL"
    assert [outcome.exit_status(failed) for failed in found] == [137, 1, 1]
    assert found[1].error == "Traceback\nValueError: no"


def test_a_lone_sigterm_is_a_failure(tmp_path):
    failures = {1: failure(tmp_path, 1, -signal.SIGTERM), 0: failure(tmp_path, 0, -signal.SIGTERM)}
    (found,) = outcome.failed_ranks(ChildFailedError("worker", failures), tmp_path)
    assert found.rank == 1
    assert outcome.exit_status(found) == 143


def test_a_refusal_of_a_rank_is_told_in_its_own_words(tmp_path):
    text = str(Refusal("LLM541", "the loss is nan at step 3"))
    (found,) = outcome.failed_ranks(ChildFailedError("w", {0: failure(tmp_path, 0, 1, f"Refusal: {text}")}), tmp_path)
    assert found.error == text


def test_status_0_without_a_marker_is_a_failure(tmp_path):
    (tmp_path / "rank-0.done.json").write_text("{}")
    (found,) = outcome.unfinished_ranks(tmp_path, 2)
    assert (found.rank, found.exit_code, outcome.exit_status(found)) == (1, 0, 1)


def edited(tmp_path, change):
    run = bundlekit.sft("quickstart")
    change(run)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    (tmp_path / "model").mkdir()
    for name in ("config.json", "tokenizer_config.json"):
        (tmp_path / "model" / name).write_text("{}")
    return load(bundlekit.write(tmp_path, run))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda run: run["model"].update(name_or_path="nowhere"), "LLM511.*nowhere does not exist"),
        (lambda run: run["model"].update(name_or_path="data"), "LLM511.*data holds no config.json"),
        (lambda run: run["model"].update(name_or_path="acme/unheard-of"), "LLM511.*nor in the hub's cache"),
        (lambda run: run["model"].update(tokenizer="./none"), "LLM512.*model.tokenizer: ./none"),
        (lambda run: run["model"].update(dtype="fp16"), "LLM515"),
        (lambda run: run["data"]["train"].update(path="data/none.jsonl"), "LLM513.*data/none.jsonl"),
        (lambda run: run["data"]["train"].update(format="text"), "LLM520.*data/train.jsonl:1"),
        (lambda run: run["data"]["train"].update(format="messages"), "LLM512.*no chat template"),
        (lambda run: run["model"].update(adapter={"kind": "trained", "path": "data"}), "LLM511.*adapter_config"),
    ],
)
def test_the_doomed_is_refused_before_it_starts(tmp_path, change, refusal):
    contract = edited(tmp_path, change)
    with pytest.raises(Refusal, match=refusal):
        preflight.check(contract)
    assert not (tmp_path / "runs").exists()


def test_a_whole_project_passes(tmp_path):
    assert preflight.check(edited(tmp_path, lambda run: None))["deepspeed"] == "0.19.8"


def test_adapters_need_a_base(tmp_path):
    run = bundlekit.pretrain("quickstart")
    run["model"]["adapter"] = bundlekit.LORA
    with pytest.raises(Refusal, match="LLM517"):
        preflight.check(load(bundlekit.write(tmp_path, run)))


def test_every_code_has_its_texts():
    for code, texts in catalogue().items():
        assert code.startswith("LLM5")
        assert set(texts) == {"title", "why", "fix"}
        assert all(texts.values())


def test_seconds_are_told_as_people_tell_them():
    told = [progress.duration(seconds) for seconds in (0, 59.4, 59.6, 3599, 3600, 7860)]
    assert told == ["0s", "59s", "1m00s", "59m59s", "1h00m", "2h11m"]


def test_the_follower_tells_rate_and_time_left(tmp_path):
    record, stream = Record(tmp_path), io.StringIO()
    with progress.Follower(record, progress.Printer(stream)):
        record.event("loading model")
        record.event("training", step=0, total_steps=10)
        for step in (1, 2, 3):
            row = {"step": step, "loss": 2.0, "tokens": 100 * step, "tokens_per_second": 1234.5, "elapsed": 2.0 * step}
            record.metric(row)
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["loading model …", "training: 10 steps"]
    assert lines[-1] == "step 3/10 · loss 2.0000 · 1,234 tokens/s · 6s elapsed · 14s left"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_one_line_is_renewed():
    stream = Terminal()
    printer = progress.Printer(stream)
    printer.status("step 1")
    printer.status("step 2")
    printer.line("done")
    assert stream.getvalue() == "\r\x1b[Kstep 1\r\x1b[Kstep 2\r\x1b[Kdone\n"


def test_elsewhere_lines_are_rare(monkeypatch):
    stream, now = io.StringIO(), [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    printer = progress.Printer(stream)
    for second in range(12):
        now[0] = 100.0 + second
        printer.status(f"step {second}")
    assert stream.getvalue().split("\n") == ["step 0", "step 5", "step 10", ""]


def test_a_killed_rank_is_told_with_its_log_and_the_way_on(tmp_path):
    killed = FailedRank(1, "SIGKILL", None, "last words")
    ended = Outcome(
        name="q", task="sft", bundle="", status="failed", exit_status=137, reason=outcome.describe(killed),
        failed=[killed], attempts=2, steps=3, final_loss=None, wall_seconds=1.0, versions={},
    )  # fmt: skip
    text = progress.ending(ended, Record(tmp_path), "build/q/local", "runs/q/0001")
    assert text.startswith("error[LLM540]: rank 1 was killed by SIGKILL\n")
    assert "runs/q/0001/logs/attempt-2/rank-1.err" in text
    assert "python -m llmc.runtime run build/q/local --resume" in text


def test_shards_become_one_file_in_the_order_of_the_input(tmp_path):
    record = Record(tmp_path)
    for rank in range(3):
        shard = shards.path(record, rank)
        assert shards.keep_whole_batches(shard, 2, 9) == 0
        shards.write(shard, [{"row": row} for row in shards.share(10, rank, 3)])
    shards.merge(record, 3)
    assert [json.loads(line)["row"] for line in record.predictions.read_text().splitlines()] == list(range(10))


@pytest.mark.parametrize(("written", "kept"), [(0, 0), (1, 0), (2, 2), (3, 2), (5, 5)])
def test_an_interrupted_shard_goes_on_after_its_last_whole_batch(tmp_path, written, kept):
    shard = tmp_path / "shards" / "rank-0.jsonl"
    assert shards.keep_whole_batches(shard, batch_size=2, share_size=5) == 0
    shards.write(shard, [{"row": row} for row in range(written)])
    with shard.open("ab") as file:
        file.write(b'{"row": ')
    assert shards.keep_whole_batches(shard, batch_size=2, share_size=5) == kept
    assert [json.loads(line)["row"] for line in shard.read_text().splitlines()] == list(range(kept))
