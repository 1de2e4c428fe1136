"""Writes the reference pages from what they describe: the schemas, the docstrings of the checks, the commands.

    python docs/generate.py

A test holds the committed pages to it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from llmc import schemas
from llmc.compiler.cli.explain import pages
from llmc.compiler.cli.main import group
from llmc.compiler.language.schema import Schema

HERE = Path(__file__).parent
DOOMED = schemas.FOLDER / "catalog/doomed"
DEEPSPEED = schemas.FOLDER / "deepspeed"
VERDICTS = {
    "check": ("Caught before anything runs", "Check"),
    "unreachable": ("Cannot happen to a bundle", "Why"),
    "undecidable": ("Cannot be known beforehand", "Why"),
}
NOTE = "<!-- Written by docs/generate.py; change the schemas or the docstrings. -->"


def main() -> None:
    """Write every page."""
    for name, text in reference().items():
        (HERE / name).write_text(text)


def reference() -> dict[str, str]:
    """Give the pages by file name."""
    return {
        "spec.md": spec_page(),
        "diagnostics.md": diagnostics_page(),
        "doomed.md": doomed_page(),
        "commands.md": commands_page(),
    }


def spec_page() -> str:
    """Give the page of the language: every key of every task."""
    root = Schema.root()
    lines = ["# The spec, key by key", "", NOTE, "", str(root.data["description"]), ""]
    lines += ["A key without a default is required, unless the table says otherwise."]
    for task, schema in root.variants.items():
        lines += ["", f"## task: {task}", "", str(schema.data["description"]), "", *_table(schema)]
    return "\n".join(lines) + "\n"


def _table(schema: Schema) -> Iterator[str]:
    yield "| Key | Type | Default | Meaning |"
    yield "| --- | --- | --- | --- |"
    for path, child in _keys(schema, ""):
        default = f"`{_cell(json.dumps(child.data['default']))}`" if child.has_default else ""
        yield f"| `{_cell(path)}` | {_type(child)} | {default} | {_cell(str(child.data.get('description', '')))} |"


def _keys(schema: Schema, prefix: str) -> Iterator[tuple[str, Schema]]:
    """Every key below a schema; those of a union's variant are marked with its kind."""
    for name, child in schema.properties.items():
        path = f"{prefix}{name}"
        yield path, child
        yield from _keys(child, f"{path}.")
        for kind, variant in child.variants.items():
            own = (pair for pair in _keys(variant, f"{path}.") if not pair[0].endswith(f".{child.discriminator}"))
            yield from ((f"{key} ({kind})", found) for key, found in own)
    if schema.other_keys and schema.other_keys.variants:
        for kind, variant in schema.other_keys.variants.items():
            yield from ((f"{key} ({kind})", found) for key, found in _keys(variant, f"{prefix}<name>."))


def _type(schema: Schema) -> str:
    if "enum" in schema.data:
        return " ".join(f"`{_cell(json.dumps(choice))}`" for choice in schema.data["enum"])
    if "const" in schema.data:
        return f"`{_cell(json.dumps(schema.data['const']))}`"
    return " or ".join(schema.types)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def diagnostics_page() -> str:
    """Give the page of every diagnostic, as `llmc explain` prints them."""
    families = "0xx the text, 1xx keys and values, 2xx consistency, 3xx hardware, 4xx bundles and targets, 5xx the run"
    lines = ["# Diagnostics", "", NOTE, "", f"Families of codes: {families}. `llmc explain CODE` prints one."]
    for code, page in sorted(pages().items()):
        title, _, rest = page.partition("\n")
        lines += ["", f"## {code}", "", f"**{title}**", ""]
        lines += [f"- {line}" for line in rest.strip().splitlines() if line]
    return "\n".join(lines) + "\n"


def doomed_page() -> str:
    """Give the page of jobs that fail: which check catches each, or why none can."""
    lines = ["# Doomed jobs", "", NOTE, ""]
    lines += ["Jobs that failed, hung or went wrong in silence somewhere, and what llmc does about each."]
    rows = [row for path in sorted(DOOMED.glob("*.json")) for row in json.loads(path.read_text())]
    for kind, (title, heading) in VERDICTS.items():
        found = [row for row in rows if kind in row["verdict"]]
        if found:
            lines += ["", f"## {title}", "", f"| Job | {heading} | Source |", "| --- | --- | --- |"]
        lines += [
            f"| {row['id']} {_cell(row['title'])} | {_verdict(row, kind)} | {_cell(row['source'])} |" for row in found
        ]
    return "\n".join([*lines, *_assertions()]) + "\n"


def _verdict(row: dict[str, Any], kind: str) -> str:
    verdict = row["verdict"]
    if kind == "check":
        return ", ".join(_link(code) for code in (verdict["check"], *verdict.get("also", ())))
    return _cell(verdict[kind])


def _link(code: str) -> str:
    return f"[{code}](diagnostics.md#{code.lower()})"


def _assertions() -> Iterator[str]:
    """The assertions of DeepSpeed that a spec could fail, counted by what is done about them."""
    for path in sorted(DEEPSPEED.glob("*/asserts.json")):
        register = json.loads(path.read_text())
        verdicts = [row["verdict"] for row in register["asserts"]]
        yield from ("", f"## Assertions of DeepSpeed {register['deepspeed']}", "")
        yield f"{len(verdicts)} assertions depend on the spec and the ranks alone (`schemas/deepspeed`)."
        yield from ("", "| What is done | How many |", "| --- | --- |")
        codes = sorted(verdict["check"] for verdict in verdicts if "check" in verdict)
        yield from (f"| caught by {_link(code)} | {codes.count(code)} |" for code in sorted(set(codes)))
        for kind, words in (("unreachable", "cannot fail"), ("undecidable", "cannot be known")):
            named = [verdict[kind] for verdict in verdicts if kind in verdict]
            for name in sorted(set(named)):
                yield f"| {words}: {_cell(register['reasons'][name]['why'])} | {named.count(name)} |"


def commands_page() -> str:
    """Give the page of every command, from what `--help` says."""
    context = click.Context(group, info_name="llmc")
    lines = ["# The commands", "", NOTE, "", *_paragraphs(group), *_options(group)]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, "it was listed"
        usage = " ".join(command.collect_usage_pieces(click.Context(command, parent=context, info_name=name)))
        lines += [
            "",
            f"## llmc {name}",
            "",
            f"`llmc {name} {usage}`",
            "",
            *_paragraphs(command),
            "",
            *_options(command),
        ]
        examples = import_module(f"llmc.compiler.cli.{name}").EXAMPLES
        width = max(map(len, examples))
        lines += ["", "```sh", *(f"{line:<{width}}  # {about}" for line, about in examples.items()), "```"]
    return "\n".join(lines) + "\n"


def _paragraphs(command: click.Command) -> Iterator[str]:
    """What a command does. A paragraph with click's mark for "as it stands" is a block of code."""
    for number, paragraph in enumerate(inspect.cleandoc(command.help or "").split("\n\n")):
        if number:
            yield ""
        mark, _, rest = paragraph.partition("\b\n")
        yield f"```\n{rest}\n```" if rest and not mark else paragraph


def _options(command: click.Command) -> Iterator[str]:
    context = click.Context(command)
    options = [option for option in command.params if isinstance(option, click.Option)]
    records = [record for option in options if (record := option.get_help_record(context))]
    if records:
        yield from ("", "| Option | What it does |", "| --- | --- |")
    yield from (f"| `{_cell(names)}` | {_cell(about)} |" for names, about in records)


if __name__ == "__main__":
    main()
