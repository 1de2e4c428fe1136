"""Real runs over two ranks: they train, die, go on and generate as they should. Runs are shared between tests."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import bundlekit
import pytest

from llmc.runtime import extensions

pytestmark = pytest.mark.slow

STEPS = 120


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def losses(folder):
    return [row["loss"] for row in rows(folder / "metrics.jsonl") if "loss" in row]


def ranks_of(process):
    """The process ids of a launcher's ranks, by rank."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if f"PPid:\t{process.pid}\n" in status.read_text():
                variables = dict(
                    part.split("=", 1) for part in (status.parent / "environ").read_text().split("\0") if "=" in part
                )
                found[int(variables["RANK"])] = int(status.parent.name)
        except (OSError, KeyError):
            continue
    return found


def gone(pid):
    """Has a process ended? A zombie has: its parent merely did not ask yet."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def wait_for(condition, seconds=90):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def wait_for_step(process, folder, step):
    def reached():
        assert process.poll() is None, process.stderr.read()
        path = folder / "metrics.jsonl"
        lines = path.read_text().splitlines()[:-1] if path.exists() else []
        return bool(lines) and json.loads(lines[-1])["step"] >= step

    wait_for(reached)


@pytest.fixture(scope="module")
def curves(project, llmc):
    """The folders of a pre-training from scratch under each ZeRO stage."""
    folders = []
    for stage in range(4):
        done = llmc("run", bundlekit.write(project, bundlekit.pretrain(f"zero{stage}"), stage))
        assert done.returncode == 0, done.stderr
        folders.append(project / "runs" / f"zero{stage}" / "0001")
    return folders


def test_zero_stages_have_the_same_losses(curves):
    first = losses(curves[0])
    assert len(first) == 8
    assert first[-1] < first[0]
    for folder in curves[1:]:
        assert losses(folder) == pytest.approx(first, abs=2e-5)


def test_a_model_from_scratch_loads_in_plain_transformers(curves):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    models = [AutoModelForCausalLM.from_pretrained(folder / "model") for folder in curves]
    tokenizer = AutoTokenizer.from_pretrained(curves[3] / "model")
    ids = torch.tensor([tokenizer("You may not use this file")["input_ids"]])
    with torch.no_grad():
        logits = [model(ids).logits for model in models]
    for other in logits[1:]:
        torch.testing.assert_close(other, logits[0], atol=1e-4, rtol=1e-4)
    assert models[3].config.use_cache


def test_what_is_left_out_is_said(curves):
    (event,) = [row for row in rows(curves[0] / "events.jsonl") if row["event"] == "prepared data"]
    assert event["unused"] == event["tokens"] - event["examples"] * 64
    assert 0 <= event["unused"] < 64


def test_tokens_are_those_of_all_ranks(curves):
    assert [row["tokens"] for row in rows(curves[1] / "metrics.jsonl")] == [2 * 2 * 64 * step for step in range(1, 9)]


def test_outcome_and_latest_tell_success(curves):
    outcome = json.loads((curves[1] / "outcome.json").read_text())
    assert (outcome["status"], outcome["exit_status"], outcome["steps"], outcome["failed"]) == ("completed", 0, 8, [])
    assert outcome["final_loss"] == losses(curves[1])[-1]
    assert (curves[1].parent / "latest").resolve() == curves[1].resolve()


def test_nothing_of_this_machine_is_in_the_result(curves, killed, project):
    for folder in (curves[3], killed.folder):
        for path in (folder / "model").rglob("*"):
            assert str(project).encode() not in path.read_bytes(), path


class Killed:
    """A LoRA training under ZeRO-3 whose rank 1 was killed, whose newest checkpoint was damaged, and that went on."""

    def __init__(self, project, llmc, start):
        run = bundlekit.sft("lora")
        run["model"]["adapter"] = bundlekit.LORA
        run["training"] |= {"max_steps": STEPS, "log_every_steps": 3, "checkpoint": {"every_steps": 10, "keep": 2}}
        target = bundlekit.write(project, run, stage=3, inputs=("data/train.jsonl",))
        self.folder = project / "runs" / "lora" / "0001"
        process = start("run", target)
        wait_for_step(process, self.folder, 36)
        self.ranks = ranks_of(process)
        began = time.monotonic()
        os.kill(self.ranks[1], signal.SIGKILL)
        self.message = process.communicate()[1]
        self.seconds, self.status = time.monotonic() - began, process.returncode
        self.outcome = json.loads((self.folder / "outcome.json").read_text())
        self.steps = sorted(
            int(path.parent.name[5:]) for path in (self.folder / "checkpoints").glob("step-*/complete.json")
        )
        damaged = next((self.folder / "checkpoints" / f"step-{self.steps[-1]}").rglob("*rank_1*optim_states.pt"))
        os.truncate(damaged, damaged.stat().st_size // 2)
        self.resumed = llmc("run", target, "--resume")
        self.whole = llmc("run", target)
        self.target = target


@pytest.fixture(scope="module")
def killed(project, llmc, start):
    return Killed(project, llmc, start)


def test_a_killed_rank_fails_the_run_by_name_and_at_once(killed):
    assert killed.status == 128 + signal.SIGKILL
    assert killed.message.rstrip().splitlines()[-4].startswith("error[LLM540]: rank 1 was killed by SIGKILL")
    assert killed.seconds < 15
    assert killed.outcome["status"] == "failed"
    assert killed.outcome["failed"][0]["rank"] == 1
    assert killed.outcome["failed"][0]["signal"] == "SIGKILL"


def test_no_rank_outlives_the_run(killed):
    assert sorted(killed.ranks) == [0, 1]
    assert all(gone(pid) for pid in killed.ranks.values())


def test_a_damaged_checkpoint_is_passed_over(killed):
    newest, older = killed.steps[-1], killed.steps[-2]
    assert f"checkpoint step-{newest} is not used: " in killed.resumed.stderr
    assert f"resuming run 0001 after step {older}" in killed.resumed.stderr


def test_a_resumed_curve_equals_the_uninterrupted_one(killed):
    assert killed.resumed.returncode == killed.whole.returncode == 0, killed.resumed.stderr
    resumed, whole = (rows(killed.folder.parent / number / "metrics.jsonl") for number in ("0001", "0002"))
    for name in ("step", "epoch", "tokens"):
        assert [row[name] for row in resumed] == [row[name] for row in whole]
    for name in ("loss", "learning_rate", "grad_norm"):
        assert [row[name] for row in resumed] == pytest.approx([row[name] for row in whole], rel=1e-6)
    assert [row["step"] for row in resumed] == list(range(3, STEPS + 1, 3))
    assert json.loads((killed.folder / "outcome.json").read_text())["attempts"] == 2


def test_only_as_many_checkpoints_as_asked_stay(killed):
    found = sorted(path.name for path in (killed.folder / "checkpoints").iterdir())
    assert found == [f"step-{STEPS - 10}", f"step-{STEPS}"]


def test_a_completed_run_is_not_resumed(killed, llmc):
    done = llmc("run", killed.target, "--resume")
    assert done.returncode == 1
    assert "error[LLM530]: run 0002 is complete" in done.stderr


def test_an_adapter_loads_in_plain_peft(killed, project, monkeypatch):
    import torch
    from peft import AutoPeftModelForCausalLM
    from transformers import AutoModelForCausalLM

    config = json.loads((killed.folder / "model" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "model"
    monkeypatch.chdir(project)  # as the base's path is written
    model = AutoPeftModelForCausalLM.from_pretrained("runs/lora/0001/model")
    trained = [name for name, _ in model.named_parameters() if "lora_B" in name]
    assert len(trained) == 4  # q_proj and v_proj in each of two layers
    ids = torch.arange(5, 20)[None]
    with torch.no_grad():
        assert not torch.equal(model(ids).logits, AutoModelForCausalLM.from_pretrained("model")(ids).logits)


@pytest.fixture(scope="module")
def generated(killed, project, llmc):
    run = bundlekit.infer("generated")
    run["model"]["adapter"] = {"kind": "trained", "path": "runs/lora/latest/model"}
    done = llmc("run", bundlekit.write(project, run))
    assert done.returncode == 0, done.stderr
    return project / "runs" / "generated" / "0001"


def test_inference_equals_plain_generate(generated, project):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(project / "model")
    base = AutoModelForCausalLM.from_pretrained(project / "model")
    model = PeftModel.from_pretrained(base, project / "runs" / "lora" / "latest" / "model").eval()
    given, found = rows(project / "data" / "heldout.jsonl"), rows(generated / "predictions.jsonl")
    assert [row["row"] for row in found] == list(range(len(given)))
    for asked, row in zip(given, found, strict=True):
        ids = torch.tensor([tokenizer(asked["prompt"])["input_ids"]])
        with torch.no_grad():
            tokens = model.generate(input_ids=ids, max_new_tokens=6, do_sample=False, pad_token_id=1)
        expected = tokenizer.decode(tokens[0, ids.shape[1] :], skip_special_tokens=True)
        assert row == {
            "row": row["row"],
            "prompt": asked["prompt"],
            "completion": expected,
            "reference": asked["completion"],
        }


def test_interrupted_inference_writes_only_what_is_missing(generated, llmc):
    before = (generated / "predictions.jsonl").read_bytes()
    for name in ("outcome.json", "predictions.jsonl"):
        (generated / name).unlink()
    shard = generated / "shards" / "rank-1.jsonl"
    kept = shard.read_bytes().splitlines(keepends=True)
    shard.write_bytes(b"".join(kept[:3]) + kept[3][:10])
    done = llmc("run", generated.parents[2] / "build" / "generated" / "local", "--resume")
    assert done.returncode == 0, done.stderr
    assert (generated / "predictions.jsonl").read_bytes() == before


def test_losses_are_those_of_a_hand_written_script(project, llmc):
    run = bundlekit.sft("byhand")
    run["training"]["gradient_accumulation_steps"] = 2
    target = bundlekit.write(project, run, stage=2)
    done = llmc("run", target)
    assert done.returncode == 0, done.stderr
    script = Path(__file__).with_name("handwritten.py")
    variables = {"LOCAL_SIZE": "2", extensions.VARIABLE: str(extensions.folder())}
    variables["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run(
        [*torchrun, script, target / "run.json", target / "deepspeed.json", "losses.json"],
        cwd=project, env=os.environ | bundlekit.ENVIRONMENT | variables, check=True, capture_output=True,
    )  # fmt: skip
    byhand = json.loads((project / "losses.json").read_text())
    assert losses(project / "runs" / "byhand" / "0001") == pytest.approx(byhand, rel=1e-6)


def test_chats_packed_in_bf16_with_evaluation(project, llmc):
    run = bundlekit.sft("chat", "data/chat.jsonl", "messages")
    run["model"]["dtype"] = "bf16"
    run["data"] |= {"packing": True, "eval": {"path": "data/heldout.jsonl", "format": "prompt_completion"}}
    run["training"] |= {
        "epochs": 3.0, "max_steps": None, "gradient_accumulation_steps": 2, "gradient_checkpointing": True,
        "scheduler": {"kind": "constant", "warmup_steps": 2, "warmup_ratio": None}, "evaluation": {"every_steps": 2},
        "gradient_clipping": 0.5,
    }  # fmt: skip
    done = llmc("run", bundlekit.write(project, run, stage=1))
    assert done.returncode == 0, done.stderr
    folder = project / "runs" / "chat" / "0001"
    found = rows(folder / "metrics.jsonl")
    prepared = {row["data"]: row for row in rows(folder / "events.jsonl") if row["event"] == "prepared data"}
    examples = prepared["train"]["examples"]
    steps = 3 * -(-examples // 8)  # 2 rows on each of 2 ranks, accumulated twice
    trained = [row for row in found if "loss" in row]
    assert [row["step"] for row in trained] == list(range(1, steps + 1))
    assert [row["learning_rate"] for row in trained][:3] == pytest.approx([0.0005, 0.001, 0.001])
    evaluated = [row["step"] for row in found if "eval_loss" in row]
    assert evaluated == sorted({*range(2, steps + 1, 2), steps})
    assert trained[-1]["loss"] < trained[0]["loss"]


def test_a_refusal_on_a_rank_reaches_the_user(project, llmc):
    (project / "data" / "empty.jsonl").write_text('{"prompt": "", "completion": "x"}\n' * 2)
    done = llmc("run", bundlekit.write(project, bundlekit.infer("empty", "data/empty.jsonl")))
    assert done.returncode == 1
    assert "error[LLM520]: input row" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_launcher_takes_its_ranks_with_it(project, start, llmc):
    run = bundlekit.sft("stopped")
    run["training"] |= {"max_steps": 5000, "checkpoint": {"every_steps": 2000, "keep": 1}}
    target = bundlekit.write(project, run)
    folder = project / "runs" / "stopped" / "0001"
    process = start("run", target)
    wait_for_step(process, folder, 5)
    assert "error[LLM532]: run 0001 is in use" in llmc("run", target, "--resume").stderr
    ranks = ranks_of(process)
    process.send_signal(signal.SIGTERM)
    message = process.communicate()[1]
    assert process.returncode == 128 + signal.SIGTERM
    assert "interrupted by SIGTERM after step" in message
    assert json.loads((folder / "outcome.json").read_text())["status"] == "interrupted"
    assert len(ranks) == 2
    wait_for(lambda: all(map(gone, ranks.values())))

    process = start("run", target, "--resume")
    wait_for(lambda: len(ranks_of(process)) == 2)
    ranks = ranks_of(process)
    process.kill()
    process.communicate()
    wait_for(lambda: all(map(gone, ranks.values())), seconds=20)
    assert not (folder / "outcome.json").exists()
