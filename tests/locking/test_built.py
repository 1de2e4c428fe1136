"""Models of architectures that llmc does not know: counted by transformers, in a process of its own, or not at all."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from locking import worlds

from llmc.compiler.facts.parameters import count
from llmc.compiler.locking import built as module
from llmc.compiler.locking.built import built, completed

MAMBA = {"model_type": "mamba", "hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 100}
UNKNOWN = {"total": None, "from": "unknown: it has no weights"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def saying(answer: str, then: str = "") -> list[str]:
    """A process that reads the question and gives an answer."""
    return [sys.executable, "-c", f"import sys, time; sys.stdin.read(); print({answer!r}); {then}"]


GOOD = json.dumps({"total": 71872, "by": "transformers 1.2"})


def test_an_answer_is_kept_by_the_config(cache: Path) -> None:
    expected = (71872, "transformers 1.2, built without weights")
    assert built(MAMBA, command=saying(f"a warning\n{GOOD}")) == expected
    assert built(dict(reversed(MAMBA.items())), command=["/nobody/is/asked"]) == expected
    assert len(list(cache.rglob("*.json"))) == 1
    total, why = built(MAMBA | {"hidden_size": 65}, command=saying("", "sys.exit(3)"))
    assert (total, why) == (None, "transformers cannot build it: the process that was to build it ended with status 3")


@pytest.mark.parametrize(
    ("answer", "then", "why"),
    [
        ('{"why": "ValueError: no"}', "", "ValueError: no"),
        ("", "time.sleep(60)", "it took longer than 1 s"),
        ('{"total": -3, "by": "x"}', "", "ended with status 0"),
        ('{"total": true, "by": "x"}', "", "ended with status 0"),
        ("[1]", "", "ended with status 0"),
    ],
)
def test_no_answer_is_no_number(answer: str, then: str, why: str, cache: Path) -> None:
    total, origin = built(MAMBA, command=saying(answer, then), limit=1 if then else 30)
    assert total is None
    assert why in origin
    assert not list(cache.rglob("*.json"))


def test_a_broken_cache_is_asked_again(cache: Path) -> None:
    built(MAMBA, command=saying(GOOD))
    for path in cache.rglob("*.json"):
        path.write_text("{")
    assert built(MAMBA, command=saying(GOOD))[0] == 71872


def test_a_models_own_code_is_never_run() -> None:
    own = MAMBA | {"auto_map": {"AutoModelForCausalLM": "own.Model"}}
    assert built(own, command=["/nobody/is/asked"]) == (None, "it brings code of its own, which is never run here")


def test_without_the_libraries_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NEEDED", ("torch", "a_library_of_the_future"))
    total, why = built(MAMBA, command=["/nobody/is/asked"])
    assert total is None
    assert why == "not installed here: a_library_of_the_future, which could build it"


def entry(config: dict[str, Any] | None, total: int | None = None) -> dict[str, Any]:
    return {"config": config, "parameters": UNKNOWN if total is None else {"total": total, "from": "asked earlier"}}


def test_only_what_is_unknown_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "NEEDED", ("a_library_of_the_future",))
    for known in (entry(None), entry(MAMBA, 7), entry(worlds.CONFIG)):
        assert completed(known, None) is known
    told = completed(entry(MAMBA), None)["parameters"]
    assert told["total"] is None
    assert told["from"].startswith("unknown: it has no weights; not installed here: ")
    assert completed(entry(MAMBA), entry(MAMBA, 7))["parameters"] == {"total": 7, "from": "asked earlier"}
    assert completed(entry(MAMBA), entry(MAMBA | {"vocab_size": 8}, 7))["parameters"]["total"] is None


@pytest.mark.slow
def test_transformers_count_what_the_table_does_not_know() -> None:
    # By hand: embedding 100 * 64, tied; last norm 64; in each layer norm 64, in_proj 64 * 256, conv1d 128 * 4 + 128,
    # x_proj 128 * (4 + 32), dt_proj 4 * 128 + 128, A 128 * 16, D 128, out_proj 128 * 64.
    layer = 64 + 64 * 256 + 128 * 5 + 128 * 36 + 128 * 5 + 128 * 16 + 128 + 128 * 64
    assert count(MAMBA) is None
    total, origin = built(MAMBA)
    assert (total, origin.startswith("transformers ")) == (6400 + 64 + 2 * layer, True)
    assert built({"model_type": "of-the-future"})[0] is None
