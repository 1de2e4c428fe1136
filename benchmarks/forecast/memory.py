"""Tables on memory: our forecast and others' beside what was published, by groups that a fit had not seen."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import baselines
from fit import PLAIN, Case, cases, fit, group, held_out, intervals, is_scored
from rows import Row, workload

from llmc import schemas
from llmc.compiler.analysis.memory import MemoryForecast, forecast
from llmc.compiler.analysis.workload import Workload

GIB = 2**30

Predict = Callable[[Case], float | None]


@dataclass(frozen=True, slots=True)
class Judged:
    """A row's peak, and what was expected of it, with the upper bound where there is one."""

    case: Case
    expected: float
    high: float | None = None

    @property
    def ratio(self) -> float:
        """What was expected, as a part of the truth."""
        return self.expected / self.case.truth


SUBSETS: dict[str, Callable[[Row], bool]] = {
    "all": lambda row: True,
    "training": lambda row: row["task"] == "train",
    "every weight trained": lambda row: row["task"] == "train" and row["lora"] is None,
    "adapters": lambda row: row["lora"] is not None,
    "DeepSpeed": lambda row: row["style"] == "deepspeed" and row["task"] == "train",
    "inference": lambda row: row["task"] == "infer",
}


def section(rows: Sequence[Row], shipped: bool) -> str:
    """Give the tables. With `shipped` the constants are those of the catalogue: for rows that were never fitted to."""
    known = cases(rows)
    parts = [
        "## What was asked\n",
        goal_table(rows, known, shipped),
        "\n## Peak memory of a rank\n",
        peak_table(known, shipped),
        "\n## What did not fit, and what did\n",
        verdict_table(rows, known, shipped),
        "\n## Memory of the host\n",
        host_table(rows),
        "\n## Cost\n",
        f"A forecast takes {_milliseconds(known):.1f} ms of one core at most (limit: 5 ms).\n",
    ]
    return "\n".join(parts)


def goal_table(rows: Sequence[Row], known: Sequence[Case], shipped: bool) -> str:
    """Say for each goal what is reached: of training, of inference, of verdicts."""
    answers = _judged_as_shipped(known) if shipped else _judged_held_out(known, group)
    trained = [answer for answer in answers if answer.case.work.task == "train"]
    answering = [answer for answer in answers if answer.case.work.task == "infer"]
    died, ran = (_share_refused(*found) for found in _outcomes(rows, known, shipped))
    lines = ["| goal | reached |", "| --- | --- |"]
    if trained:
        _, median, p90, _, low = _figures(trained)
        lines += [f"| median error of a training peak at most 9 % | {median} |", f"| its P90 at most 30 % | {p90} |"]
        lines += [f"| its upper bound too low for at most 10 % | {low} |"]
    if answering:
        lines.append(f"| median error of inference at most 3 % | {list(_figures(answering))[1]} |")
    lines += [f"| of what ran out of memory refused at least 75 % | {died} |", f"| of what ran at most 2 % | {ran} |"]
    return "\n".join(lines)


def _outcomes(rows: Sequence[Row], known: Sequence[Case], shipped: bool) -> Iterator[tuple[list[str], int]]:
    """Give the verdicts on what ran out of memory, and on what is known to have run."""
    constants = _Constants(known, shipped)
    asked = list(_asked(rows))
    for outcome in ("oom", "ok"):
        chosen = [
            pair for pair in asked if pair[0]["outcome"] == outcome and (outcome == "oom" or _is_witness(pair[0]))
        ]
        yield [forecast(work, constants.without(row)).device.verdict for row, work in chosen], len(chosen)


def _share_refused(verdicts: Sequence[str], total: int) -> str:
    return f"{verdicts.count('refused')} of {total}, {verdicts.count('refused') / max(1, total):.0%}"


def predictions(known: Sequence[Case], shipped: bool) -> dict[str, list[Judged]]:
    """Give everyone's answers, ours first."""
    ours = {"llmc, the shipped constants": _judged_as_shipped(known)}
    if not shipped:
        ours = {
            "llmc, fitted to other groups": _judged_held_out(known, group),
            "llmc, fitted to other repositories": _judged_held_out(known, lambda row: row["source"]["repo"]),
        }
    others: dict[str, Callable[[Workload], float | None]] = {
        "llmc, formulas alone": lambda work: forecast(work, PLAIN).device.need.expected,
        "DeepSpeed's estimator": baselines.deepspeed,
        "accelerate estimate, x4": baselines.accelerate,
        "18 bytes a weight": baselines.constant,
    }
    answered = {
        name: [Judged(case, value) for case in known if (value := predict(case.work))]
        for name, predict in others.items()
    }
    return ours | answered


def _judged_held_out(known: Sequence[Case], key: Callable[[Row], Any]) -> list[Judged]:
    return [
        Judged(case, expected, expected * spread[_kind(case.work)]["high"])
        for case, expected, spread in held_out(known, key)
    ]


def _judged_as_shipped(known: Sequence[Case]) -> list[Judged]:
    needs = [(case, forecast(case.work).device.need) for case in known]
    return [Judged(case, need.expected, need.high) for case, need in needs]


def _kind(work: Workload) -> str:
    if work.task == "infer":
        return "inference"
    return "none" if work.sharding.engine == "ddp" else work.sharding.engine


def peak_table(known: Sequence[Case], shipped: bool) -> str:
    """Compare everyone, row by row, on each part of the rows."""
    lines = [
        "| rows | who | n | median error | P90 | under by more than 10 % | upper bound too low |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    everyone = predictions(known, shipped)
    for part, belongs in SUBSETS.items():
        for name, answers in everyone.items():
            chosen = [answer for answer in answers if belongs(answer.case.row)]
            if chosen:
                lines.append(f"| {part} | {name} | {' | '.join(_figures(chosen))} |")
    return "\n".join(lines)


def _figures(answers: Sequence[Judged]) -> Iterator[str]:
    errors = sorted(abs(answer.ratio - 1) for answer in answers)
    yield str(len(answers))
    yield f"{statistics.median(errors):.1%}"
    yield f"{errors[min(len(errors) - 1, int(0.9 * len(errors)))]:.1%}"
    yield f"{sum(answer.ratio < 0.9 for answer in answers) / len(answers):.0%}"
    bounds = [answer.high < answer.case.truth for answer in answers if answer.high is not None]
    yield f"{sum(bounds) / len(bounds):.0%}" if bounds else "-"


def verdict_table(rows: Sequence[Row], known: Sequence[Case], shipped: bool) -> str:
    """Count who would have refused what: rows that ran out of memory, and rows that are known to have run."""
    constants = _Constants(known, shipped)
    died = [(row, work) for row, work in _asked(rows) if row["outcome"] == "oom"]
    ran = [(row, work) for row, work in _asked(rows) if row["outcome"] == "ok" and _is_witness(row)]
    lines = [
        "| who | out of memory, refused | called tight | ran, refused | called tight |",
        "| --- | --- | --- | --- | --- |",
        _verdicts("llmc", died, ran, lambda row, work: forecast(work, constants.without(row)).device.verdict),
    ]
    others: dict[str, Callable[[Workload], float | None]] = {
        "DeepSpeed's estimator": baselines.deepspeed,
        "accelerate estimate, x4": baselines.accelerate,
        "18 bytes a weight": baselines.constant,
    }
    lines += [_verdicts(name, died, ran, _above(predict)) for name, predict in others.items()]
    missed = [
        f"{row['framework']}, {row['model']}, batch {row['micro_batch']}"
        for row, work in died
        if forecast(work, constants.without(row)).device.verdict != "refused"
    ]
    return "\n".join(lines) + (f"\n\nNot refused: {'; '.join(missed)}.\n" if missed else "\n")


class _Constants:
    """The constants that saw nothing of a row's group."""

    def __init__(self, known: Sequence[Case], shipped: bool) -> None:
        self.known, self.shipped = known, shipped
        self.found: dict[Any, Mapping[str, Any]] = {}

    def without(self, row: Row) -> Mapping[str, Any]:
        """Give them for one row."""
        if self.shipped:
            shipped: Mapping[str, Any] = schemas.load("catalog/calibration.json")["memory"]
            return shipped
        seen = [case for case in self.known if group(case.row) != group(row)]
        key = group(row) if len(seen) < len(self.known) else None
        if key not in self.found:
            self.found[key] = _document(seen)
        return self.found[key]


def _document(seen: Sequence[Case]) -> Mapping[str, Any]:
    found = fit(seen)
    spread = intervals([(case, case.expected(found)) for case in seen])
    moving = {name: found[name] for name in ("none", "fsdp", "deepspeed")} | {"ddp": found["none"]}
    return PLAIN | found | {"moving": moving, "interval": PLAIN["interval"] | spread}


def _asked(rows: Iterable[Row]) -> Iterator[tuple[Row, Workload]]:
    """Rows whose accelerator is known, asked for everything that has to fit on it."""
    for row in rows:
        work = workload(row)
        if work is not None and work.machine.usable:
            yield row, replace(work, asked="device")


def _is_witness(row: Row) -> bool:
    return bool(row["quality"] in ("high", "medium") and row["act_ckpt"] != "unknown")


def _above(predict: Callable[[Workload], float | None]) -> Callable[[Row, Workload], str]:
    def verdict(row: Row, work: Workload) -> str:
        expected = predict(work)
        return "refused" if expected and expected > (work.machine.usable or 0) else "fits"

    return verdict


def _verdicts(
    name: str,
    died: Sequence[tuple[Row, Workload]],
    ran: Sequence[tuple[Row, Workload]],
    judge: Callable[[Row, Workload], str],
) -> str:
    cells = []
    for asked in (died, ran):
        given = [judge(row, work) for row, work in asked]
        cells += [f"{given.count(verdict)} of {len(given)}" for verdict in ("refused", "tight")]
    return f"| {name} | {' | '.join(cells)} |"


def host_table(rows: Sequence[Row]) -> str:
    """List every row that tells of the host."""
    lines = ["| row | told, GiB | llmc, from to | DeepSpeed's estimator |", "| --- | --- | --- | --- |"]
    for row in rows:
        work = workload(row) if row["host_gib"] else None
        if work is not None:
            need = forecast(work).resources["host"].need
            theirs = baselines.deepspeed_host(work)
            told = f"{row['host_gib']:.0f}" + (" was too little" if row["outcome"] == "host_oom" else "")
            span = f"{need.expected / GIB:.0f}, {need.low / GIB:.0f} to {need.high / GIB:.0f}"
            name = f"{row['model']}, {row['method']}, {row['framework']}"
            lines.append(f"| {name} | {told} | {span} | {f'{theirs / GIB:.0f}' if theirs else '-'} |")
    return "\n".join(lines) + "\n"


def _milliseconds(known: Sequence[Case]) -> float:
    """The longest of all rows' forecasts, each the best of a few."""
    return max(min(_timed(case.work) for _ in range(3)) for case in known[:30]) * 1000


def _timed(work: Workload) -> float:
    start = time.process_time()
    answer: MemoryForecast = forecast(work)
    assert answer.terms
    return time.process_time() - start


__all__ = ["is_scored", "section"]
