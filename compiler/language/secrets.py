"""What looks like an access token, and how to show a text without it.

Source: prefixes documented by Hugging Face (hf_), GitHub (ghp_, github_pat_), AWS (AKIA, ASIA) and OpenAI (sk-).
Keys of Weights & Biases and passwords look like nothing in particular: there the variable's name tells.
"""

from __future__ import annotations

import re

TOKEN = re.compile(
    r"\b(hf_[A-Za-z0-9]{30,}|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|(?:AKIA|ASIA)[0-9A-Z]{16}|sk-[\w-]{32,})"
)


_NAME = r"(?:[A-Za-z0-9]+_)*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_KEY|ACCESS_KEY|SECRET_KEY|PRIVATE_KEY)"
_SECRET_NAME = re.compile(_NAME)
_ASSIGNED = re.compile(rf"""\b{_NAME}["']?[ \t]*[:=][ \t]*["']?([^\s"',{{}}]{{8,}})""")
_SHORTEST = 8


def is_secret(variable: str, value: str) -> bool:
    """Whether an environment variable, by its name, holds a secret; switches and numbers are too short for one.

    >>> is_secret("WANDB_API_KEY", "0123456789"), is_secret("HF_TOKEN_PATH", "/run/token"), is_secret("TOKEN", "1")
    (True, False, False)
    """
    return len(value) >= _SHORTEST and _SECRET_NAME.fullmatch(variable) is not None


def hidden(text: str) -> str:
    """Put stars in place of every token, as many as it has characters, so that columns stay.

    >>> hidden("id: AKIA0123456789ABCDEF  # ours"), hidden("{DB_PASSWORD: opensesame}")
    ('id: ********************  # ours', '{DB_PASSWORD: **********}')
    """
    text = _ASSIGNED.sub(lambda found: found[0][: -len(found[1])] + "*" * len(found[1]), text)
    return TOKEN.sub(lambda found: "*" * len(found[0]), text)
