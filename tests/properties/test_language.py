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
from llmc.compiler.pipeline import compile_spec, understand

CASES = Path(__file__).parent.parent / "cases"
RUNNABLE = sorted((CASES / "ok").glob("*.yaml"))
OK = [*RUNNABLE, *sorted((CASES / "later").glob("*.yaml"))]
TEXTS = [path.read_text() for path in OK]
# With its variables, a spec says something else than what the schemas speak of.
BARE = [text for text in TEXTS if "variables:" not in text]
EXAMPLES = int(os.environ.get("LLMC_EXAMPLES", "400"))
many = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# For what compiles twice, or asks a slow oracle.
fewer = settings(many, max_examples=max(EXAMPLES // 5, 100))

# What a user's slip looks like: a value of another kind, at any place.
odd_values = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8), st.sampled_from(["auto", "1e-5", "lora", "local", "fp32"]), st.just([]), st.just({}),
    st.dictionaries(st.sampled_from(["kind", "path", "zzz"]), st.text(max_size=3), max_size=2),
)  # fmt: skip


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec's place, with the data of the cases beside it."""
    folder = tmp_path_factory.mktemp("specs")
    (folder / "data").symlink_to(CASES / "ok/data")
    return folder / "spec.yaml"


def _check(text: str, spec: Path) -> Report:
    """All that `llmc check` does."""
    spec.write_text(text, encoding="utf-8", errors="surrogatepass")
    report = Report()
    for _ in understand(spec, "spec.yaml", report):
        pass
    return report


def _complete(text: str) -> Report:
    """What can be said by the schemas alone."""
    report = Report()
    tree = parse(text, "spec.yaml", report)
    if tree is not None:
        complete(tree, report)
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
def test_any_text_gives_diagnostics(spec: Path, text: str) -> None:
    _assert_located(_check(text, spec), text)


@many
@given(st.sampled_from(TEXTS), st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_mutation_gives_diagnostics(spec: Path, text: str, chance: random.Random, times: int) -> None:
    for _ in range(times):
        at = chance.randrange(len(text))
        text = (
            text[:at]
            + chance.choice(["", ":", "\n", "  ", "[", "'", "- ", "1e5", "&a ", "\t", "é", "#", "${", "}", "0", "-"])
            + text[at + 1 :]
        )
    _assert_located(_check(text, spec), text)


@many
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_diagnosed(spec: Path, raw: bytes) -> None:
    spec.write_bytes(raw)
    report = Report()
    text = read_text(spec, "spec.yaml", report)
    assert (text is None) == report.failed
    if text is not None:
        _check(text, spec)


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


@fewer
@given(broken_specs())
def test_we_accept_what_the_public_validator_accepts(spec: Any) -> None:
    text = json.dumps(spec)  # JSON is YAML, and says unambiguously what type a value has
    report = _complete(text)
    assert report.failed != validator("experiment.schema.json").is_valid(json.loads(text)), [d.message for d in report]


@fewer
@given(broken_specs())
def test_what_is_accepted_compiles(spec: Path, broken: Any) -> None:
    spec.write_text(json.dumps(broken))
    report = Report()
    bundles = compile_spec(spec, "spec.yaml", report)
    _assert_located(report, spec.read_text())
    assert bool(bundles) != report.failed


def _leaves(value: Any, path: str = "") -> list[str]:
    if isinstance(value, dict):
        return [leaf for name, child in value.items() for leaf in _leaves(child, f"{path}.{name}" if path else name)]
    return [path]


def _told(report: Report) -> list[tuple[str, str]]:
    return sorted((d.code, d.message) for d in report)


@fewer
@given(which=st.sampled_from(RUNNABLE), value=odd_values, data=st.data())
def test_set_equals_an_edit(spec: Path, which: Path, value: Any, data: st.DataObject) -> None:
    original = yaml.safe_load(which.read_text())
    path = data.draw(st.sampled_from([leaf for leaf in _leaves(original) if "." in leaf]))
    spec.write_text(json.dumps(original))
    overridden = Report()
    by_option = compile_spec(spec, "spec.yaml", overridden, None, [f"{path}={json.dumps(value)}"])
    place = original
    for step in path.split(".")[:-1]:
        place = place[step]
    place[path.split(".")[-1]] = value
    spec.write_text(json.dumps(original))
    edited = Report()
    by_edit = compile_spec(spec, "spec.yaml", edited)
    assert [bundle.files for bundle in by_option] == [bundle.files for bundle in by_edit]
    assert _told(overridden) == _told(edited)


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
