"""One use of a data set while its rows go by: are they of its format, and how many tokens do they have?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmc.compiler.facts.wanted import WantedData
from llmc.compiler.locking.chat import Chat
from llmc.compiler.locking.rows import Row
from llmc.compiler.locking.shapes import Values, shaped
from llmc.compiler.locking.tokenizer import Tokenizer
from llmc.compiler.locking.tokens import Ruler, Unknown, nothing, summary


@dataclass(frozen=True, slots=True)
class Use:
    """What an experiment does with a data set. `template` is the identity and `text` the content of its own template.

    `tokenizer` is None where nothing could be found out about it.
    """

    wanted: WantedData
    tokenizer: Tokenizer | None
    template: str | None = None
    text: str | None = None


class Count:
    """Follows the rows of a data set for one use."""

    def __init__(self, use: Use) -> None:
        self.use = use
        self.lengths: Counter[int] = Counter()
        self.left = use.wanted.source.max_rows
        self.ruler: Ruler | None = None
        self.why_not: str | None = None
        try:
            self.ruler = _ruler(use)
        except Unknown as reason:
            self.why_not = str(reason)

    def add(self, rows: Sequence[Row]) -> None:
        """Take some more rows. Raises Trouble for one that is not of the format."""
        if self.use.wanted.processing:
            return  # what the user's function makes of a row is not known
        source = self.use.wanted.source
        values = [shaped(row, source.format, source.columns) for row in rows[: self.left]]
        if self.left is not None:
            self.left -= len(values)
        if self.ruler and values:
            self._measure(self.ruler, values)

    def entry(self) -> dict[str, Any] | None:
        """Give the count as the lock holds it; None where it is not known which tokenizer it would be by."""
        if self.use.tokenizer is None:
            return None
        identity = {"tokenizer": self.use.tokenizer.digest, "how": self.use.wanted.how, "template": self.use.template}
        return identity | (
            summary(self.lengths, self.ruler.note) if self.ruler else nothing(self.why_not or "nobody counted")
        )

    def _measure(self, ruler: Ruler, values: Sequence[Values]) -> None:
        try:
            self.lengths.update(ruler.measure(values))
        except Unknown as reason:
            self.ruler, self.why_not = None, str(reason)


def _ruler(use: Use) -> Ruler:
    wanted, tokenizer = use.wanted, use.tokenizer
    if tokenizer is None:
        raise Unknown("nothing is known of the tokenizer")
    if wanted.processing:
        raise Unknown(f"rows go through {wanted.processing} first, which only a job runs")
    if wanted.streaming:
        raise Unknown("the rows are streamed, so nobody reads all of them ahead of the job")
    if use.template is not None:
        if use.text is None:
            raise Unknown(f"{wanted.chat_template} could not be read")
        tokenizer = replace(tokenizer, chat=Chat(use.text, tokenizer.special))
    return Ruler(wanted.source.format, wanted.prompts, tokenizer)
