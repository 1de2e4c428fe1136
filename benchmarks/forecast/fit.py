"""Fits the few constants of the memory forecast to published measurements, and writes them where the compiler reads.

    python benchmarks/forecast/fit.py [--write]

Terms are formulas with sources, and stay what they are. Fitted are only: what the allocator leaves unused, what CUDA
and NCCL take, and how much of each engine's moving parts is there at once. A row counts the less the more rows its
repository has, a constant pays for being far from its start, and the interval is wide enough for rows that a fit has
not seen.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rows import Row, group, load, workload

from llmc import schemas
from llmc.compiler.analysis.memory import family, forecast
from llmc.compiler.analysis.workload import Workload

FILE = schemas.FOLDER / "catalog/calibration.json"
GIB = 2**30
STATES = ("weights", "reference model", "gradients", "master weights", "optimizer states", "update")
STATES += ("adapters", "dequantised weight")
# Nothing is scaled here and nothing is added: what the terms say by themselves.
PLAIN: dict[str, Any] = {
    "allocator": 0.0,
    "context_gib": 0.0,
    "distributed_gib": 0.0,
    "moving": {"none": 1.0, "ddp": 1.0, "fsdp": 1.0, "deepspeed": 1.0},
    "interval": schemas.load("catalog/calibration.json")["memory"]["interval"],
}
# What is known before: an allocator leaves a few hundredths, a context takes 0.5 to 0.9 GiB, NCCL 1 to 2.
START = {"allocator": 0.04, "context_gib": 0.7, "distributed_gib": 1.5, "none": 1.0, "fsdp": 1.0, "deepspeed": 1.0}
STEPS = {"allocator": 0.01, "context_gib": 0.1, "distributed_gib": 0.1, "none": 0.01, "fsdp": 0.01, "deepspeed": 0.01}
BOUNDS = {
    "allocator": (0.0, 0.15), "context_gib": (0.3, 1.2), "distributed_gib": (0.5, 2.5),
    "none": (0.8, 1.3), "fsdp": (0.8, 1.3), "deepspeed": (0.8, 1.3),
}  # fmt: skip
PENALTY = 0.1
"""What a step of one bound's width away from the start costs, in units of the mean error."""
NARROWEST = (0.95, 1.05)
"""Bounds that no interval is narrower than: where all rows are of one program, they agree more than programs do."""

Constants = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Case:
    """A row with its phases split in what is scaled and what is not."""

    row: Row
    work: Workload
    phases: tuple[tuple[int, int], ...]
    weight: float

    @property
    def truth(self) -> float:
        """The peak that was published, in bytes."""
        return float(self.row["peak_gib"]) * GIB

    def expected(self, constants: Constants) -> float:
        """Give the forecast with other constants; the same sum that the compiler makes."""
        engine = self.work.sharding.engine
        moving = 1.0 if self.work.task == "infer" else constants["none" if engine == "ddp" else engine]
        tensors = max(still + moving * moved for still, moved in self.phases)
        if self.work.asked == "allocated":
            return tensors
        size = tensors * (1 + constants["allocator"])
        if self.work.asked == "device":
            size += constants["context_gib"] * GIB
            size += constants["distributed_gib"] * GIB if self.work.ranks.world > 1 else 0
        return size


def is_scored(row: Row) -> bool:
    """Whether a row's peak says something: measured well, with all that the peak depends on."""
    known = row["act_ckpt"] != "unknown" and (row["seq_len"] or row["task"] == "infer")
    return bool(row["peak_gib"] and row["quality"] in ("high", "medium") and known)


def cases(rows: Iterable[Row]) -> list[Case]:
    """Give the rows to fit to."""
    scored = [(row, work) for row in rows if is_scored(row) and (work := workload(row))]
    per_repository = Counter(row["source"]["repo"] for row, _ in scored)
    return [_case(row, work, 1 / math.sqrt(per_repository[row["source"]["repo"]])) for row, work in scored]


def _case(row: Row, work: Workload, weight: float) -> Case:
    phases: dict[str, list[int]] = {}
    for term in forecast(work, PLAIN).terms:
        for phase in term.phases if term.where == "device" else ():
            phases.setdefault(phase, [0, 0])[term.name not in STATES and work.task == "train"] += term.bytes
    return Case(row, work, tuple((still, moved) for still, moved in phases.values()), weight)


def fit(known: Sequence[Case]) -> dict[str, float]:
    """Find the constants with the least weighted error, by moving one at a time while that helps."""
    constants, best = dict(START), _cost(known, START)
    moved = True
    while moved:
        moved = False
        for name, step in STEPS.items():
            for change in (8 * step, -8 * step, step, -step):
                other = constants | {name: round(constants[name] + change, 4)}
                low, high = BOUNDS[name]
                if low <= other[name] <= high and (cost := _cost(known, other)) < best - 1e-9:
                    constants, best, moved = other, cost, True
    return constants


def _cost(known: Sequence[Case], constants: Constants) -> float:
    total = sum(case.weight * abs(math.log(case.expected(constants) / case.truth)) for case in known)
    far = sum(((constants[name] - START[name]) / (BOUNDS[name][1] - BOUNDS[name][0])) ** 2 for name in START)
    return total / sum(case.weight for case in known) + PENALTY * far


def held_out(known: Sequence[Case], key: Callable[[Row], Any] = group) -> list[tuple[Case, float, dict[str, Any]]]:
    """Give each case with its forecast by a fit that saw nothing of its group, and the intervals of that fit."""
    answers = []
    for left_out in sorted({key(case.row) for case in known}):
        seen = [case for case in known if key(case.row) != left_out]
        constants = fit(seen)
        spread = intervals([(case, case.expected(constants)) for case in seen])
        unseen = (case for case in known if key(case.row) == left_out)
        answers += [(case, case.expected(constants), spread) for case in unseen]
    return answers


def intervals(answers: Sequence[tuple[Case, float]]) -> dict[str, dict[str, float]]:
    """Give the bounds of each kind of job, as parts of what is expected.

    Those that hold 19 of 20 of its kind, and no narrower than those that hold nine of ten of all.
    """
    ratios = [(family(case.work), case.truth / expected) for case, expected in answers]
    everything = sorted(ratio for kind, ratio in ratios if kind != "inference")
    found = {}
    for kind in ("none", "deepspeed", "fsdp", "inference"):
        own = sorted(ratio for name, ratio in ratios if name == kind)
        pooled = own if kind == "inference" else everything
        low = min(_quantile(own, 0.04), _quantile(pooled, 0.08))
        high = max(_quantile(own, 0.96), _quantile(pooled, 0.92))
        found[kind] = {"low": round(min(NARROWEST[0], low), 3), "high": round(max(NARROWEST[1], high), 3)}
    return found


def _quantile(ordered: Sequence[float], part: float) -> float:
    """Linear between neighbours; 1 where there is nothing."""
    if not ordered:
        return 1.0
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def document(known: Sequence[Case]) -> dict[str, Any]:
    """Give the file's content: constants of all rows, intervals of rows that a fit had not seen."""
    constants = fit(known)
    spread = intervals([(case, expected) for case, expected, _ in held_out(known)])
    moving = {name: constants[name] for name in ("none", "fsdp", "deepspeed")} | {"ddp": constants["none"]}
    shipped = json.loads(FILE.read_text(encoding="utf-8"))
    rows, groups = len(known), len({group(case.row) for case in known})
    shipped["memory"] |= {
        "fitted": f"benchmarks/forecast/fit.py, {rows} rows of {groups} groups (repository, page, model); "
        "intervals from the rows that a fit had not seen",
        "allocator": constants["allocator"],
        "context_gib": constants["context_gib"],
        "distributed_gib": constants["distributed_gib"],
        "moving": dict(sorted(moving.items())),
        "interval": spread | {name: shipped["memory"]["interval"][name] for name in ("host", "exact")},
    }
    return dict(shipped)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write schemas/catalog/calibration.json")
    parser.add_argument("--rows", type=Path, help="another file of measurements")
    arguments = parser.parse_args()
    text = json.dumps(document(cases(load(arguments.rows) if arguments.rows else load())), indent=2) + "\n"
    if arguments.write:
        FILE.write_text(text, encoding="utf-8")
    else:
        print(text)
