"""Measures the forecasts against published measurements, beside what others would have said.

python benchmarks/forecast/run.py                  writes benchmarks/forecast/README.md
python benchmarks/forecast/run.py --rows FILE      judges other rows of the same shape, by the shipped constants
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import memory
from rows import Row, group, load

PAGE = Path(__file__).with_name("README.md")

INTRODUCTION = """\
# What the forecasts are worth

Written by `python benchmarks/forecast/run.py`. The rows are published measurements, {rows} of them in {groups} groups:
repository, page and model (`data/README.md`). Rows of one group resemble each other, so a forecast is judged by
constants that were fitted to the other groups alone, and once more by those of the other repositories. Errors are
absolute, in parts of the truth. Of the peaks those are judged that were measured well, of runs whose sequence length
and checkpointing are known. "Formulas alone" is our forecast without a single fitted number.
"""


def page(rows: Sequence[Row]) -> str:
    """Give the whole page."""
    groups = len(Counter(group(row) for row in rows))
    return INTRODUCTION.format(rows=len(rows), groups=groups) + "\n" + memory.section(rows, shipped=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=Path, help="a file of other measurements")
    arguments = parser.parse_args()
    if arguments.rows:
        print(memory.section(load(arguments.rows), shipped=True))
    else:
        PAGE.write_text(page(load()), encoding="utf-8")
