"""A problem that the user can mend, told with its code, its reason and its remedy, and never as a traceback."""

import functools
import json
from importlib.resources import files


@functools.cache
def catalogue() -> dict[str, dict[str, str]]:
    """Every code the runtime can print, with its fixed texts: code -> {"title", "why", "fix"}."""
    text = files("llmc.schemas").joinpath("codes", "run.json").read_text(encoding="utf-8")
    codes: dict[str, dict[str, str]] = json.loads(text)
    return codes


class Refusal(Exception):
    """The run cannot start or go on, for a reason outside our code; the process ends with status 1.

    `code` is a key of schemas/codes/run.json; `message` says what is wrong in this case, with names and numbers.
    `why` and `help` replace the code's fixed texts where a case has something more precise to say.
    """

    def __init__(self, code: str, message: str, *, why: str | None = None, help: str | None = None) -> None:
        entry = catalogue()[code]
        super().__init__(message)
        self.code = code
        self.message = message
        self.why = entry["why"] if why is None else why
        self.help = entry["fix"] if help is None else help

    def __str__(self) -> str:
        return f"error[{self.code}]: {self.message}\n  = why: {self.why}\n  = help: {self.help}"
