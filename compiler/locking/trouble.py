"""Why something could not be found out."""

from __future__ import annotations

UNREACHABLE = "LLM410"
MISSING = "LLM411"
DENIED = "LLM412"
BROKEN = "LLM413"
NOT_INSTALLED = "LLM414"


class Trouble(Exception):
    """A mistake of the user's or of the world's, told at the key of the spec that led to it.

    The message is made of our own words: what a library or a server says may hold a token.
    """

    def __init__(self, code: str, message: str, help: str | None = None) -> None:
        self.code = code
        self.help = help
        super().__init__(message)


def not_installed(library: str, purpose: str) -> Trouble:
    """Say that a library is needed for something."""
    extra = "s3" if library == "boto3" else "lock"
    help = f"pip install 'llmc-experiment-compiler[{extra}]'"
    return Trouble(NOT_INSTALLED, f"{library}, which {purpose}, is not installed", help)
