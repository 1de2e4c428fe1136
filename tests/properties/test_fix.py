"""Properties of `llmc check --fix`: it restores what was slipped or leaves it, and touches nothing else."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from llmc.compiler.language.diagnostics import Report
from llmc.compiler.language.fixes import Fixed, fix
from llmc.compiler.language.source import LINE_BREAK, parse
from llmc.compiler.language.validate import complete

OK = sorted((Path(__file__).parent.parent / "cases/ok").glob("*.yaml"))
TEXTS = [path.read_text() for path in OK]
# A key or a number as they stand in those files: `key:` and ` 12,`.
_KEY = re.compile(r"(?<=[\n {,])[a-z_]+(?=: |:\n)")
_NUMBER = re.compile(r"(?<=: )[0-9][0-9.e-]*(?=[,}\n])")
many = settings(max_examples=max(int(os.environ.get("LLMC_EXAMPLES", "400")) // 5, 100), deadline=None)


def _fix(text: str) -> Fixed:
    def check(unsaved: Mapping[str, str]) -> Report:
        report = Report()
        now = unsaved.get("exp.yaml", text)
        report.sources["exp.yaml"] = now
        tree = parse(now, "exp.yaml", report)
        if tree is not None:
            complete(tree, report)
        return report

    return fix(check)


def _result(text: str) -> str:
    return _fix(text).after.get("exp.yaml", text)


def _slip(word: str, chance: random.Random) -> str:
    at, letter = chance.randrange(len(word)), chance.choice("abcdefghijklmnopqrstuvwxyz_")
    swapped = word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]
    slips = [word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :], swapped]
    return chance.choice([*slips, word.replace("_", ""), word.replace("_", "-"), f'"{word}"']) or "x"


@st.composite
def slipped(draw: st.DrawFn) -> tuple[str, str]:
    """A right spec's text with slips in it, and a pattern of what may come of it: each slip mended or left."""
    text, chance = draw(st.sampled_from(TEXTS)), draw(st.randoms(use_true_random=False))
    places = [*_KEY.finditer(text), *_NUMBER.finditer(text)]
    chosen = sorted(chance.sample(places, draw(st.integers(1, 4))), key=lambda place: place.start())
    wrong, allowed, end = "", "", 0
    for place in chosen:
        is_key = place[0][0].isalpha() or place[0][0] == "_"
        slip = _slip(place[0], chance) if is_key else f'"{place[0]}"'
        mended = {place[0], slip, f'"{place[0]}"' if slip.startswith('"') else place[0]}
        wrong += text[end : place.start()] + slip
        allowed += (
            re.escape(text[end : place.start()]) + "(" + "|".join(re.escape(word) for word in sorted(mended)) + ")"
        )
        end = place.end()
    wrong, allowed = wrong + text[end:], allowed + re.escape(text[end:])
    comment = draw(st.sampled_from(["", "# a comment: optimiser\n"]))
    return comment + wrong, re.escape(comment) + allowed


@many
@given(slipped())
def test_a_slip_is_mended_or_left(case: tuple[str, str]) -> None:
    wrong, allowed = case
    assert re.fullmatch(allowed, _result(wrong))


@many
@given(slipped(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_twice_is_once_and_line_ends_do_not_matter(case: tuple[str, str], end: str) -> None:
    once = _result(case[0])
    assert _result(once) == once
    assert _result(case[0].replace("\n", end)) == once.replace("\n", end)


@many
@given(st.sampled_from(TEXTS), st.randoms(use_true_random=False), st.integers(1, 4))
def test_any_text_survives(text: str, chance: random.Random, times: int) -> None:
    for _ in range(times):
        at = chance.randrange(len(text))
        extra = chance.choice(
            ["", ":", "\n", "[", "'", '"', "- ", "1e5", "&a ", "\t", "é", "#", "? ", "1: ", "|", "\u2028"]
        )
        text = text[:at] + extra + text[at + 1 :]
    fixed = _fix(text)
    result = fixed.after.get("exp.yaml", text)
    assert _result(result) == result
    touched = {change.span.line for change in fixed.changes}
    pairs = zip(LINE_BREAK.split(text), LINE_BREAK.split(result), strict=True)
    assert all(old == new for number, (old, new) in enumerate(pairs, 1) if number not in touched)
