"""What a plain (unquoted) YAML scalar means here: the meaning on which YAML 1.1 and 1.2 agree, or none at all.

Measured on eight YAML libraries, `no`, `0777`, `22:22`, `1_000`, dates and ids with a leading zero come out as
different values; such a scalar is refused with "quote it". Floats without a dot or an exponent's sign (`1e-5`, `5e8`)
are text in YAML 1.1 and numbers in 1.2; everybody who writes them means the number, so they are numbers.
Source: yaml.org/type (1.1) and the core schema of YAML 1.2.2, section 10.3.2.
"""

from __future__ import annotations

import re

Scalar = None | bool | int | float | str

_LONGEST_NUMBER = 40
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_AMBIGUOUS = (
    (re.compile(r"(?i:y|n|yes|no|on|off)"), "a boolean in YAML 1.1 and text in YAML 1.2"),
    (re.compile(r"[-+]?0[0-9_]+(\.[0-9_]*)?"), "an octal number in YAML 1.1 and a decimal one in YAML 1.2"),
    (re.compile(r"[-+]?0[obx][0-9a-fA-F_]+"), "a number in one version of YAML and text in the other"),
    (re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?"), "a number in YAML 1.1 and text in YAML 1.2"),
    (re.compile(r"[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?"), "a base-60 number in YAML 1.1 and text in YAML 1.2"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?"), "a date in YAML 1.1 and text in YAML 1.2"),
    (re.compile(r"[-+]?\.(?i:inf|nan)"), "not a finite number"),
    (re.compile(r"=|<<"), "a special key in YAML 1.1 and text in YAML 1.2"),
)
_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class AmbiguousScalar(ValueError):
    """The scalar means different things to different readers; the message says which."""


def read_scalar(text: str) -> Scalar:
    """Give the value of a plain scalar.

    >>> read_scalar("1e-5"), read_scalar("5e8"), read_scalar("true"), read_scalar("1.10"), read_scalar("v1.10")
    (1e-05, 500000000.0, True, 1.1, 'v1.10')

    Raises:
        AmbiguousScalar: where YAML 1.1 and 1.2 disagree, or a number has more digits than a number can need.
    """
    if text in _WORDS:
        return _WORDS[text]
    for pattern, reason in _AMBIGUOUS:
        if pattern.fullmatch(text):
            raise AmbiguousScalar(reason)
    return _read_number(text) if _FLOAT.fullmatch(text) else text


def _read_number(text: str) -> int | float:
    if len(text) > _LONGEST_NUMBER:
        raise AmbiguousScalar(f"a number of {len(text):,} characters")
    if _INTEGER.fullmatch(text):
        return int(text)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise AmbiguousScalar("too large for a number")
    return value
