"""What looks like an access token, and how to show a text without it.

Source: prefixes documented by Hugging Face (hf_), GitHub (ghp_, github_pat_), AWS (AKIA, ASIA) and OpenAI (sk-).
"""

from __future__ import annotations

import re

TOKEN = re.compile(
    r"\b(hf_[A-Za-z0-9]{30,}|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|(?:AKIA|ASIA)[0-9A-Z]{16}|sk-[\w-]{32,})"
)


def hidden(text: str) -> str:
    """Put stars in place of every token, as many as it has characters, so that columns stay.

    >>> hidden("id: AKIA0123456789ABCDEF  # ours")
    'id: ********************  # ours'
    """
    return TOKEN.sub(lambda found: "*" * len(found[0]), text)
