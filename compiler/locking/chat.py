"""Renders conversations by a chat template, as transformers do and in a sandbox: templates are other people's programs.

Source: transformers 5.23.0, utils/chat_template_utils.py: environment, extensions, filters and globals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import jinja2.sandbox

# The date in a template that writes one: it has the length of most dates, and no clock reaches a lock.
DATE = "26 Jul 2024"
# What a template may make of one conversation, in characters.
LONGEST = 50_000_000

Turns = Sequence[Mapping[str, Any]]


class ChatError(Exception):
    """A conversation that a template refuses, or a template that is none."""


class Chat:
    """A chat template. `special` are the names it knows special tokens by, such as `bos_token`."""

    def __init__(self, template: str, special: Mapping[str, str]) -> None:
        self.template, self.special = template, special

    def render(self, turns: Turns, *, ask: bool = False) -> str:
        """Give a conversation's text; with `ask`, up to where the model would answer. Raises ChatError."""
        try:
            return self._compiled.render(
                messages=list(turns), tools=None, documents=None, add_generation_prompt=ask, **self.special
            )
        except Exception as error:  # somebody's program: whatever it raises is about the template
            raise ChatError(str(error)[:200] or type(error).__name__) from None

    def renders_bos(self) -> bool | None:
        """Whether a rendered conversation begins with bos; None where a simple one cannot be rendered."""
        bos = self.special.get("bos_token")
        turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello"}]
        try:
            return bos is not None and self.render(turns).startswith(bos)
        except ChatError:
            return None

    @cached_property
    def _compiled(self) -> jinja2.Template:
        return _environment().from_string(self.template)


class _Sandbox(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which a short template cannot fill the memory either."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "*" and not all(isinstance(side, (int, float)) for side in (left, right)):
            size = next((len(side) for side in (left, right) if isinstance(side, (str, list, tuple))), 0)
            times = next((side for side in (left, right) if isinstance(side, int)), 0)
            if size * times > LONGEST:
                raise jinja2.exceptions.SecurityError("a template that makes text of this length")
        if operator == "**" and isinstance(right, (int, float)) and abs(right) > 1000:
            raise jinja2.exceptions.SecurityError("a template that makes numbers of this size")
        return super().call_binop(context, operator, left, right)


class _Generation(jinja2.ext.Extension):
    """The tag `generation`, which marks what the model says and renders as what is in it."""

    tags: set[str] = {"generation"}  # noqa: RUF012 - Jinja's own way to name them

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _environment() -> jinja2.Environment:
    environment = _Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, jinja2.ext.loopcontrols])
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda form: DATE
    return environment


def _refuse(message: str) -> None:
    raise jinja2.exceptions.TemplateError(message)


def _to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **more: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **more)
