"""Make train.jsonl and heldout.jsonl from the changelog page of Python's documentation.

    python make_data.py /usr/share/doc/python3.11/html/whatsnew/changelog.html.gz

Standard library only, and no random numbers: the same page gives the same two files.
"""

import argparse
import gzip
import hashlib
import html
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

# The sections used, and the words by which an entry gives its section away.
SECTIONS = {
    "C API": r"c[ -]api",
    "Documentation": r"document|docs?\b",
    "IDLE": r"idle",
    "Tests": r"test",
    "Windows": r"windows|win32",
}
TRAIN = 40  # rows per section
HELDOUT = 6
WORDS = range(6, 17)  # words of an entry: short entries keep training cheap
CHARACTERS = 100
ALIKE = 0.5  # two entries that share this part of their words count as near-duplicates

ITEM = re.compile(r"<h2>(?P<release>.*?)<a|<h3>(?P<section>.*?)<a|<li><p>(?P<entry>.*?)</p>(?P<more>.*?)</li>", re.S)
ISSUES = re.compile(r"^(?:(?:bpo|gh|Issue)[-\s#]*(\d+)[,:]?\s*)+:?\s*")
CREDIT = re.compile(r"\s*[^.]*\b(?:patch|contributed|thanks|reported|written|diagnosed|suggested)\b.*$", re.I)
ASCII = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "--", "…": "..."})


class Entry(NamedTuple):
    """One change: the issue it belongs to, the section it was filed under, and what it says."""

    issue: str
    section: str
    text: str


def read(page: str) -> Iterator[Entry]:
    """Every entry of one paragraph, in the order of the page (newest release first)."""
    section = ""
    for item in ITEM.finditer(page, page.index('<section id="changelog">')):
        if item["section"]:
            section = plain(item["section"])
        elif item["entry"] and not item["more"].strip():
            entry = plain(item["entry"])
            if issue := ISSUES.match(entry):
                yield Entry(issue[1], section, CREDIT.sub("", entry[issue.end() :]).strip())


def plain(markup: str) -> str:
    """Text without tags, on one line, with the quotes and dashes a keyboard has."""
    text = html.unescape(re.sub(r"<[^>]+>", "", markup))
    return " ".join(text.translate(ASCII).split())


def fits(entry: Entry) -> bool:
    """Is it a short sentence of a section that is used, without addresses or foreign characters?"""
    text = entry.text
    return (
        entry.section in SECTIONS
        and len(text.split()) in WORDS
        and len(text) <= CHARACTERS
        and text.isascii()
        and text[0].isupper()
        and text[-1] == "."
        and not re.search(r"https?:|@|\bPR\b", text)
    )


def settled(entries: list[Entry]) -> Iterator[Entry]:
    """Entries of issues that were filed under one section only: the others have no single answer."""
    sections: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        sections[entry.issue].add(entry.section)
    return (entry for entry in entries if len(sections[entry.issue]) == 1)


def distinct(entries: Iterable[Entry]) -> list[Entry]:
    """Entries no two of which belong to one issue or say nearly the same; the newest stays."""
    kept: dict[str, Entry] = {}
    for entry in entries:
        if entry.issue not in kept and not any(alike(entry.text, other.text) for other in kept.values()):
            kept[entry.issue] = entry
    return list(kept.values())


def alike(one: str, other: str) -> bool:
    """Do two entries share so many words that knowing one would answer the other?"""
    mine, yours = words(one), words(other)
    return len(mine & yours) >= ALIKE * min(len(mine), len(yours))


@cache
def words(text: str) -> frozenset[str]:
    """The different words of an entry."""
    return frozenset(re.findall(r"\w+", text.lower()))


def choose(entries: list[Entry], section: str) -> list[Entry]:
    """The rows of one section in the order of a hash, as good as random.

    At most half of them give their section away, unless there are too few others: tests name test files.
    """
    mine = sorted((entry for entry in entries if entry.section == section), key=order)
    told = [entry for entry in mine if re.search(SECTIONS[section], entry.text, re.I)]
    hidden = [entry for entry in mine if entry not in told]
    count = TRAIN + HELDOUT
    told = told[: max(count // 2, count - len(hidden))]
    return sorted(told + hidden[: count - len(told)], key=order)


def order(entry: Entry) -> bytes:
    """A place that depends on the entry alone."""
    return hashlib.sha256(entry.text.encode()).digest()


def row(entry: Entry) -> str:
    """One line of a .jsonl file. The completion begins with a space: that is where its first token begins."""
    return json.dumps({"prompt": f"Change: {entry.text}\nSection:", "completion": f" {entry.section}"})


def write(path: Path, columns: list[list[Entry]]) -> None:
    """One row of each section in turn: any stretch of the file is balanced."""
    rows = [row(entry) for entries in zip(*columns, strict=True) for entry in entries]
    path.write_text("".join(f"{line}\n" for line in rows), encoding="utf-8")


def main() -> None:
    """Read the page, write the two files beside this script."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("page", type=Path, help="changelog.html.gz of the package python3.11-doc")
    with gzip.open(parser.parse_args().page, "rt", encoding="utf-8") as page:
        entries = distinct(filter(fits, settled(list(read(page.read())))))
    columns = [choose(entries, section) for section in SECTIONS]
    folder = Path(__file__).resolve().parent
    write(folder / "heldout.jsonl", [column[:HELDOUT] for column in columns])
    write(folder / "train.jsonl", [column[HELDOUT:] for column in columns])


if __name__ == "__main__":
    main()
