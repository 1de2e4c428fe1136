"""What was reviewed is what runs: any difference between a bundle and its manifest is refused."""

import json
import subprocess
import sys

import bundlekit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmc.runtime.bundle import load
from llmc.runtime.contract import read_run
from llmc.runtime.refusal import Refusal


@pytest.fixture
def small(tmp_path):
    """A project with one data file and the bundle of an sft."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    return tmp_path


@pytest.fixture
def target(small):
    return bundlekit.write(small, bundlekit.sft("quickstart"), inputs=("data/train.jsonl",))


def test_a_whole_bundle_is_loaded(target, small):
    contract = load(target)
    assert contract.run.name == "quickstart"
    assert contract.base == small
    assert contract.files == ("PLAN.md", "local/deepspeed.json", "local/launch.sh", "local/run.json")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    root = tmp_path_factory.mktemp("shared")
    (root / "data").mkdir()
    (root / "data" / "train.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    return bundlekit.write(root, bundlekit.sft("quickstart"), inputs=("data/train.jsonl",))


FILES = ["manifest.json", "PLAN.md", "local/run.json", "local/deepspeed.json", "local/launch.sh", "data/train.jsonl"]


@given(st.sampled_from(FILES), st.integers(min_value=0), st.integers(min_value=0, max_value=7))
@settings(max_examples=150, deadline=None)
def test_any_flipped_bit_is_refused(shared, name, place, bit):
    path = shared.parents[2] / name if name.startswith("data") else shared.parent / name
    before = path.read_bytes()
    changed = bytearray(before)
    changed[place % len(before)] ^= 1 << bit
    path.write_bytes(changed)
    try:
        with pytest.raises(Refusal):
            load(shared)
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize(
    ("name", "code"),
    [("local/run.json", "LLM502"), ("manifest.json", "LLM501"), ("../../data/train.jsonl", "LLM504")],
)
def test_the_command_names_the_changed_file(target, name, code):
    path = target.parent / name
    path.write_bytes(path.read_bytes().replace(b'"', b"'", 1))
    done = subprocess.run(
        [sys.executable, "-m", "llmc.runtime", "run", target], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"error[{code}]: {name.removeprefix('../../')}")
    assert "= help: " in done.stderr
    assert not (target.parents[2] / "runs").exists()


def test_a_missing_file_is_refused(target):
    (target / "deepspeed.json").unlink()
    with pytest.raises(Refusal, match=r"LLM503.*local/deepspeed\.json is missing"):
        load(target)


def test_a_file_added_to_a_data_folder_is_refused(small):
    (small / "data" / "text").mkdir()
    (small / "data" / "text" / "a.txt").write_text("one")
    target = bundlekit.write(small, bundlekit.pretrain("quickstart"), inputs=("data/text/a.txt",))
    load(target)
    (small / "data" / "text" / "b.txt").write_text("two")
    with pytest.raises(Refusal, match=r"LLM504.*data/text/b\.txt was added"):
        load(target)


@pytest.mark.parametrize("folder", [".", "build", "build/quickstart", "build/quickstart/sagemaker", "nowhere/at/all"])
def test_other_folders_are_not_targets(target, small, folder):
    with pytest.raises(Refusal, match="LLM500"):
        load(small / folder)


def broken(change):
    run = bundlekit.sft("quickstart")
    change(run)
    return run


@pytest.mark.parametrize(
    ("run", "complaint"),
    [
        (broken(lambda run: run.update(extra=1)), "unknown field `extra`"),
        (broken(lambda run: run.pop("deepspeed")), "missing required field `deepspeed`"),
        (broken(lambda run: run.update(contract=2)), "Invalid enum value 2"),
        (broken(lambda run: run["training"].update(epochs=1.0)), "exactly one of training.epochs"),
        (broken(lambda run: run["training"]["optimizer"].update(kind="sgd")), "Invalid value 'sgd'"),
        (broken(lambda run: run["training"]["scheduler"].update(warmup_steps=3)), "never both"),
        (broken(lambda run: run["model"].update(name_or_path=None)), "exactly one of model.name_or_path"),
        (broken(lambda run: run["model"].update(adapter={**bundlekit.LORA, "rank": 3})), "unknown field `rank`"),
    ],
)
def test_run_json_is_closed_and_complete(tmp_path, run, complaint):
    path = tmp_path / "run.json"
    path.write_text(json.dumps(run))
    with pytest.raises(Refusal, match=f"LLM505.*{complaint}"):
        read_run(path)


@pytest.mark.parametrize("make", [bundlekit.sft, bundlekit.pretrain, bundlekit.infer])
def test_every_task_is_read(tmp_path, make):
    path = tmp_path / "run.json"
    path.write_text(json.dumps(make("quickstart")))
    assert read_run(path).name == "quickstart"


def test_reading_a_bundle_brings_no_torch():
    code = "import sys, llmc.runtime.bundle, llmc.runtime.cli; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
