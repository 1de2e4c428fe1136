"""llmc catalog: the accelerators, instance types and stacks that llmc knows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

import click

from llmc.compiler.cli.common import format_option
from llmc.compiler.facts.hardware import (
    Accelerator,
    Instance,
    accelerator,
    accelerator_ids,
    instance,
    instance_names,
    price_lists,
)
from llmc.compiler.facts.stack import Stack, default_stack, stack, stack_names

EXAMPLES = {
    "llmc catalog accelerators": "every accelerator, with memory, speed and sources",
    "llmc catalog instances h100 training": "instance types that have all these words",
}
_UNKNOWN = "unknown"


@click.command("catalog")
@click.argument("kind", type=click.Choice(["accelerators", "instances", "stacks"]))
@click.argument("filters", metavar="[FILTER]...", nargs=-1)
@format_option
def command(kind: str, filters: tuple[str, ...], form: str) -> None:
    """List what llmc knows of accelerators, instances or stacks; with FILTERs, the rows that all of them occur in.

    For example `llmc catalog instances h100 training`.
    """
    rows = [row for row in _ROWS[kind]() if all(word.lower() in _words(row) for word in filters)]
    click.echo(json.dumps({kind: rows}, indent=2, ensure_ascii=False) if form == "json" else _text(kind, rows), nl=True)
    if not rows:
        raise SystemExit(1)


def _words(row: dict[str, Any]) -> str:
    """What a filter is looked for in: everything in a row that is text, numbers left out."""
    found = [value for value in row.values() if isinstance(value, str)]
    found += [word for value in row.values() if isinstance(value, list) for word in value if isinstance(word, str)]
    return " ".join(found).lower()


def _accelerators() -> list[dict[str, Any]]:
    return [_accelerator(found) for name in accelerator_ids() if (found := accelerator(name))]


def _accelerator(found: Accelerator) -> dict[str, Any]:
    dotted = ".".join(str(part) for part in found.capability) if found.capability else None
    return asdict(found) | {"capability": dotted}


def _instances() -> list[dict[str, Any]]:
    return [_instance(found) for name in instance_names() if (found := instance(name))]


def _instance(found: Instance) -> dict[str, Any]:
    prices = {name: asdict(found.prices[name]) if name in found.prices else None for name in price_lists()}
    return asdict(found) | {"uses": list(found.uses), "prices": prices}


def _stacks() -> list[dict[str, Any]]:
    return [_stack(stack(name)) for name in stack_names()]


def _stack(found: Stack) -> dict[str, Any]:
    return {
        "name": found.name,
        "default": found.name == default_stack().name,
        "date": found.date,
        "python": ".".join(str(part) for part in found.lowest_python),
        "cuda": found.cuda,
        "versions": found.versions,
        "optional": {name: asdict(package) for name, package in found.optional.items()},
        "conflicts": [asdict(conflict) for conflict in found.conflicts],
    }


_ROWS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "accelerators": _accelerators,
    "instances": _instances,
    "stacks": _stacks,
}


def _text(kind: str, rows: list[dict[str, Any]]) -> str:
    if not rows:
        return f"no {kind} match"
    if kind == "accelerators":
        return _accelerator_table(rows)
    if kind == "instances":
        return _instance_table(rows)
    return "\n\n".join(_stack_page(row) for row in rows)


def _accelerator_table(rows: list[dict[str, Any]]) -> str:
    head = ["ID", "GB", "USABLE GiB", "BF16 TFLOPS", "FP16", "MEASURED", "MEMORY GB/s", "LINK", "CAPABILITY", "BF16"]
    keys = ["id", "memory_gb", "usable_gib", "bf16_tflops", "fp16_tflops", "mamf_tflops", "memory_gb_per_s"]
    return _table(
        head,
        [[*(_cell(row[key]) for key in keys), _link(row), _cell(row["capability"]), _yes(row["bf16"])] for row in rows],
    )


def _link(row: dict[str, Any]) -> str:
    speed = row["link_gb_per_s"] or row["host_gb_per_s"]
    return _UNKNOWN if speed is None else f"{row['link']}, {_cell(speed)} GB/s"


def _instance_table(rows: list[dict[str, Any]]) -> str:
    lists = price_lists()
    head = ["TYPE", "ACCELERATORS", "VCPU", "GiB", "NVME GB", "GBIT/s", "EFA", "FOR"]
    head += [f"$/h {name}" for name in lists]
    notes = [f"$/h {name}: {_price_list(about)}" for name, about in lists.items()]
    return "\n".join([_table(head, [_instance_cells(row) for row in rows]), "", *notes])


def _price_list(about: dict[str, Any]) -> str:
    said = f"{about['what']}, {about['region']}, {about['date']}"
    return f"{said}; {about['note']}" if about["note"] else said


def _instance_cells(row: dict[str, Any]) -> list[str]:
    devices = row["accelerator"] if row["accelerator"] == "cpu" else f"{row['count']} x {row['accelerator']}"
    memory = None if row["memory_mib"] is None else row["memory_mib"] / 1024
    figures = [row["vcpus"], memory, row["nvme_gb"], row["network_gbps"], row["efa_interfaces"]]
    prices = [price and price["usd_per_hour"] for price in row["prices"].values()]
    return [row["name"], devices, *map(_cell, figures), " ".join(row["uses"]), *map(_cell, prices)]


def _stack_page(row: dict[str, Any]) -> str:
    default = ", the default" if row["default"] else ""
    lines = [
        f"{row['name']}{default}: run together on {row['date']}; Python {row['python']} or newer, CUDA {row['cuda']}"
    ]
    lines += [f"  {name}=={version}" for name, version in row["versions"].items()]
    for name, about in row["optional"].items():
        how = (
            f"pip install 'llmc-experiment-compiler[{about['extra']}]'" if about["extra"] else "has no wheel: build it"
        )
        lines.append(f"  {name}{'==' + about['version'] if about['version'] else ''}  where a spec needs it; {how}")
    lines += [f"  not with {row['package']}=={row['version']}: {row['why']}" for row in row["conflicts"]]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    return _UNKNOWN if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _yes(value: bool | None) -> str:
    return _UNKNOWN if value is None else "yes" if value else "no"


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "\n".join(line.rstrip() for line in padded)
