"""Properties of the language: no input makes the compiler raise, and what means the same compiles to the same."""

from __future__ import annotations

import copy
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import validator

from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.experiment import plain
from llmc.compiler.language.source import parse, read_text
from llmc.compiler.language.validate import complete
from llmc.compiler.language.variables import substitute
from llmc.compiler.pipeline import compile_spec

CASES = Path(__file__).parent.parent / "cases"
RUNNABLE = sorted((CASES / "ok").glob("*.yaml"))
OK = [*RUNNABLE, *sorted((CASES / "later").glob("*.yaml"))]
TEXTS = [path.read_text() for path in OK]
# With its variables, a spec says something else than what the schemas speak of.
BARE = [text for text in TEXTS if "variables:" not in text]
EXAMPLES = int(os.environ.get("LLMC_EXAMPLES", "400"))
many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# What a user's slip looks like: a value of another kind, at any place.
odd_values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8), st.sampled_from(["auto", "1e-5", "lora", "local", "fp32"]), st.just([]), st.just({}),
    st.dictionaries(st.sampled_from(["kind", "path", "zzz"]), st.text(max_size=3), max_size=2),
)  # fmt: skip


def _check(text: str) -> Report:
    report = Report()
    tree = parse(text, "spec.yaml", report)
    if tree is not None:
        complete(substitute(tree, report), report)
    return report


def _assert_located(report: Report, text: str) -> None:
    for diagnostic in report:
        assert diagnostic.span.line >= 1
        assert diagnostic.span.column >= 1
        assert diagnostic.span.line <= text.count("\n") + text.count("\r") + text.count("\x85") + 2 + text.count(
            "\u2028"
        )


@many
@given(st.text(max_size=200))
def test_any_text_gives_diagnostics(text: str) -> None:
    _assert_located(_check(text), text)


@many
@given(st.sampled_from(TEXTS), st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_mutation_gives_diagnostics(text: str, chance: random.Random, times: int) -> None:
    for _ in range(times):
        at = chance.randrange(len(text))
        text = (
            text[:at]
            + chance.choice(["", ":", "\n", "  ", "[", "'", "- ", "1e5", "&a ", "\t", "é", "#"])
            + text[at + 1 :]
        )
    _assert_located(_check(text), text)


@many
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_diagnosed(raw: bytes) -> None:
    spec = Path(os.environ.get("TMPDIR", "/tmp")) / f"llmc-bytes-{os.getpid()}.yaml"
    spec.write_bytes(raw)
    report = Report()
    text = read_text(spec, "spec.yaml", report)
    spec.unlink()
    assert (text is None) == report.failed
    if text is not None:
        _check(text)


@st.composite
def broken_specs(draw: st.DrawFn) -> Any:
    """A right spec with a value or two replaced, removed or added somewhere."""
    spec = copy.deepcopy(yaml.safe_load(draw(st.sampled_from(BARE))))
    for _ in range(draw(st.integers(1, 2))):
        place: Any = spec
        key: Any = draw(st.sampled_from(sorted(place)))
        while isinstance(place[key], dict) and place[key] and draw(st.booleans()):
            place = place[key]
            key = draw(st.sampled_from(sorted(place)))
        action = draw(st.sampled_from(["replace", "remove", "add"]))
        if action == "replace":
            place[key] = draw(odd_values)
        elif action == "add":
            place[key + "x"] = draw(odd_values)
        elif len(place) > 1:
            del place[key]
    return spec


@many
@given(broken_specs())
def test_we_accept_what_the_public_validator_accepts(spec: Any) -> None:
    text = json.dumps(spec)  # JSON is YAML, and says unambiguously what type a value has
    report = _check(text)
    assert report.failed != validator("experiment.schema.json").is_valid(json.loads(text)), [d.message for d in report]


def _shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: _shuffled(value[key], chance) for key in keys}
    return value


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False), which=st.integers(0, len(RUNNABLE) - 1))
def test_order_of_keys_changes_no_byte(chance: random.Random, which: int, tmp_path: Path) -> None:
    spec = RUNNABLE[which]
    shuffled = json.dumps(_shuffled(_as_read(spec), chance), indent=1)
    (tmp_path / "exp.yaml").write_text(shuffled)
    if not (tmp_path / "data").exists():
        (tmp_path / "data").symlink_to(spec.parent / "data")
    (ours,) = compile_spec(tmp_path / "exp.yaml", "exp.yaml", Report(), tmp_path / "b")
    (tmp_path / "exp.yaml").write_text(spec.read_text() + "# a comment\n")
    (original,) = compile_spec(tmp_path / "exp.yaml", "exp.yaml", Report(), tmp_path / "b")
    assert ours.files == original.files


def _as_read(spec: Path) -> Any:
    tree = parse(spec.read_text(), "spec.yaml", Report())
    assert tree is not None
    return plain(tree)


@pytest.mark.parametrize("spec", [path for path in OK if path.stem != "variables"], ids=lambda path: path.stem)
def test_completing_twice_changes_nothing(spec: Path) -> None:
    tree = parse(spec.read_text(), "spec.yaml", Report())
    assert tree is not None
    once = plain(complete(substitute(tree, Report()), Report()))
    again = parse(json.dumps(once), "spec.yaml", Report())
    assert again is not None
    report = Report()
    assert plain(complete(substitute(again, report), report)) == once
    assert not report.failed, list(report)
