"""Which checkpoint counts."""

import pytest

from llmc.runtime import checkpoints
from llmc.runtime.checkpoints import Marker


def save(root, step, complete=True):
    folder = checkpoints.folder(root, step)
    (folder / "global").mkdir(parents=True)
    (folder / "weights.pt").write_bytes(b"w" * 100)
    (folder / "global" / "rank_1.pt").write_bytes(b"o" * 50)
    if complete:
        marker = Marker(step, 7, 1, 1.0, 0.0, step, checkpoints.sizes(folder))
        checkpoints.complete(folder, marker)
    return folder


def test_the_newest_complete_one_is_used(tmp_path):
    save(tmp_path, 9)
    newest = save(tmp_path, 10)
    assert checkpoints.newest(tmp_path) == (newest, [])


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: (folder / "complete.json").unlink(), "it was never completed"),
        (lambda folder: (folder / "complete.json").write_bytes(b'{"step": 1'), "it was never completed"),
        (lambda folder: (folder / "weights.pt").write_bytes(b"w" * 99), "weights.pt has 99 bytes instead of 100"),
        (lambda folder: (folder / "global" / "rank_1.pt").unlink(), "global/rank_1.pt is missing"),
    ],
)
def test_a_damaged_one_is_passed_over_and_named(tmp_path, damage, reason):
    older = save(tmp_path, 10)
    damage(save(tmp_path, 20))
    assert checkpoints.newest(tmp_path) == (older, [f"checkpoint step-20 is not used: {reason}"])


def test_without_any_there_is_none(tmp_path):
    assert checkpoints.newest(tmp_path / "nowhere") == (None, [])


def test_older_ones_go_only_when_enough_complete_ones_are_there(tmp_path):
    for step in (5, 10, 15):
        save(tmp_path, step)
    save(tmp_path, 20, complete=False)
    checkpoints.prune(tmp_path, keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-10", "step-15", "step-20"]


def test_the_marker_round_trips(tmp_path):
    folder = save(tmp_path, 3)
    marker = checkpoints.read_marker(folder)
    assert marker.files == {"weights.pt": 100, "global/rank_1.pt": 50}
    assert marker.step == 3
