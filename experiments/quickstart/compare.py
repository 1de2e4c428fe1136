"""Show what the quickstart's model answered before and after it was tuned, side by side.

    python experiments/quickstart/compare.py

Reads the predictions of the newest completed runs of before.yaml and after.yaml.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

RUNS = Path(__file__).resolve().parent / "runs"
WIDTH = 62


def main() -> None:
    """Print one line for each held-out entry, and how many answers were right."""
    before, after = predictions("quickstart-before"), predictions("quickstart-after")
    print(f"\n{'a change in Python':{WIDTH}}  {'its section':14} {'before':16} after")
    for old, new in zip(before, after, strict=True):
        change = old["prompt"].removeprefix("Change: ").removesuffix("\nSection:")
        print(f"{short(change, WIDTH):{WIDTH}}  {answer(old, 'reference'):14} {told(old, 15):16} {told(new, 20)}")
    print(f"\nright before: {score(before)}, right after: {score(after)}")


def predictions(name: str) -> list[dict[str, Any]]:
    """The rows of the newest completed run of an experiment."""
    path = RUNS / name / "latest" / "predictions.jsonl"
    if not path.is_file():
        sys.exit(f"compare: there is no completed run of {name} yet; run scripts/quickstart")
    return [json.loads(line) for line in path.read_text().splitlines()]


def answer(row: dict[str, Any], key: str) -> str:
    """The first line of an answer, without the space that it begins with."""
    return (str(row[key]).strip().splitlines() or [""])[0].strip()


def told(row: dict[str, Any], width: int) -> str:
    """What the model answered, marked where it is right."""
    mark = " ✓" if right(row) else ""
    return short(answer(row, "completion"), width - len(mark)) + mark


def right(row: dict[str, Any]) -> bool:
    """Whether the whole answer is the section, and nothing but the section."""
    return str(row["completion"]).strip() == str(row["reference"]).strip()


def score(rows: list[dict[str, Any]]) -> str:
    """How many answers are right."""
    return f"{sum(map(right, rows))} of {len(rows)}"


def short(text: str, width: int) -> str:
    """A text cut to a width."""
    return text if len(text) <= width else text[: width - 1] + "…"


if __name__ == "__main__":
    main()
