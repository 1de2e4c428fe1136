"""Make jargon.txt and heldout.txt from the Jargon File as the Debian package dict-jargon holds it.

    python make_data.py /usr/share/dictd/jargon.dict.dz

Standard library only, and no random numbers: the same dictionary gives the same two files.
"""

import argparse
import gzip
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

TRAIN, HELDOUT = 360_000, 8_000  # characters
LENGTHS = range(150, 2500)  # characters of an entry: neither mere references nor essays

ASCII = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "´": "'", "\xad": None, "—": "--", "−": "-"})
RUDE = re.compile(r"asshole|bitch|\bcock|crotch|fuck|\bpiss|\bporn|shit|\bsex|\bslut|\btit|whore", re.I)


def entries(dictionary: str) -> Iterator[str]:
    """Every entry of the dictionary as plain text; what begins in the first column is a headword."""
    for entry in re.split(r"\n(?=\S)", dictionary):
        head, _, rest = entry.partition("\n")
        _, _, body = rest.partition("\n")  # the second line tells how the headword is pronounced
        if not head.startswith("00-database"):
            yield clean(head, body)


def clean(head: str, body: str) -> str:
    """The headword on a line, then a line per paragraph, without the braces around references."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", body))
    text = "\n".join([head, *(paragraph for paragraph in paragraphs if len(paragraph) > 6)])
    # A line may be broken inside a quote or a reference, which leaves a blank there.
    return re.sub(r"(?<=[“‘]) | (?=[”])|\{ ?| ?\}", "", text).translate(ASCII)


def fits(entry: str) -> bool:
    """Is it prose of a fair length? Tables and drawings are made of no-break spaces and other foreign characters."""
    return len(entry) in LENGTHS and entry.isascii() and "http:" not in entry and not RUDE.search(entry)


def order(entry: str) -> bytes:
    """A place as good as random that depends on the entry alone."""
    return hashlib.sha256(entry.encode()).digest()


def take(pool: Iterator[str], characters: int) -> list[str]:
    """Entries until there are enough characters."""
    taken: list[str] = []
    while sum(map(len, taken)) < characters:
        taken.append(next(pool))
    return taken


def write(path: Path, chosen: Iterable[str]) -> None:
    """Entries in the order of the alphabet, an empty line after each."""
    path.write_text("".join(f"{entry}\n\n" for entry in sorted(chosen, key=str.lower)), encoding="utf-8")


def main() -> None:
    """Read the dictionary, write the two files beside this script."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("dictionary", type=Path, help="jargon.dict.dz of the package dict-jargon")
    with gzip.open(parser.parse_args().dictionary, "rt", encoding="utf-8") as file:
        pool = iter(sorted(filter(fits, entries(file.read())), key=order))
    folder = Path(__file__).resolve().parent
    write(folder / "heldout.txt", take(pool, HELDOUT))
    write(folder / "jargon.txt", take(pool, TRAIN))


if __name__ == "__main__":
    main()
