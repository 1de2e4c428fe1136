"""What an adapter trains, exactly: which modules its names reach, and how many parameters PEFT puts there.

Source: PEFT 0.21.2: tuners/tuners_utils.py:2337 (check_target_module_exists) and :2430 (all-linear),
utils/other.py:1047 (modules_to_save), tuners/lora/layer.py and dora.py (shapes),
utils/transformers_weight_conversion.py:402 (fused experts).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from llmc.compiler.facts.architectures import fused_targets
from llmc.compiler.facts.modules import Parameters, Part
from llmc.compiler.language.sections.model import Lora, QLora

# What PEFT itself puts into a model, by the ends of the names.
OF_PEFT = ("base_layer", "default", "lora_A", "lora_B", "lora_dropout", "lora_magnitude_vector")


class Place(NamedTuple):
    """A part at one place of the model, or at `times` places that no name tells apart.

    `paths` are the modules that it lies in, from the outermost to its own; a bare weight has none of its own.
    """

    part: Part
    paths: tuple[str, ...]
    weight: str
    times: int = 1
    is_output: bool = False


@dataclass(frozen=True, slots=True)
class Targets:
    """What an adapter's names mean: ends of modules' names, and of weights' names with a rank for each."""

    rank: int
    modules: tuple[str, ...]
    weights: Mapping[str, int]
    plain: bool
    all_linear: bool = False

    def rank_at(self, place: Place, saved: Collection[str] = ()) -> int | None:
        """Give the rank at a place, 0 where no name reaches it; None where PEFT can put nothing there.

        A module that is `saved` whole, or lies in one that is, gets none; a bare weight in one would.
        """
        reached = next((rank for name, rank in self.weights.items() if _ends(place.weight, name)), 0)
        if reached:  # PEFT's wrapper of a bare weight takes neither dropout nor DoRA
            return reached if self.plain else None
        if any(_ends(path, name) for path in place.paths for name in saved):
            return 0
        if self.all_linear:
            return self.rank if place.part.kind == "linear" and not place.is_output else 0
        named = [path for path in place.paths if any(_ends(path, name) for name in self.modules)]
        if not named:
            return 0
        fits = place.part.kind in ("linear", "embedding") and named == [place.paths[-1]]
        return self.rank if fits else None


def adapted(parameters: Parameters, adapter: Lora | QLora) -> int | None:
    """Count what an adapter trains; None where PEFT would refuse it, or does what is not followed here."""
    targets, saved = _targets(parameters, adapter), tuple(adapter.modules_to_save)
    if targets is None or any(name.endswith(saved) for name in OF_PEFT):
        return None
    trained, found = 0, False
    for place in places(parameters, one_by_one=_is_numbered((*targets.modules, *saved))):
        rank, copies = targets.rank_at(place, saved), sum(path.endswith(saved) for path in place.paths)
        if rank is None or copies > 1 or (rank and copies):
            return None
        found = found or rank > 0
        trained += place.times * (_size(place.part, rank, adapter.kind == "dora") + copies * place.part.parameters)
    return trained if found else None


def reached(parameters: Parameters, adapter: Lora | QLora) -> list[Place]:
    """Give the places that low-rank matrices are put on; nothing where PEFT would refuse the adapter."""
    targets = _targets(parameters, adapter)
    if targets is None:
        return []
    found = places(parameters, one_by_one=_is_numbered((*targets.modules, *adapter.modules_to_save)))
    return [place for place in found if targets.rank_at(place, adapter.modules_to_save)]


def reaches_experts(parameters: Parameters, adapter: Lora | QLora) -> bool:
    """Whether an adapter's names reach the experts of a mixture, or the router to them."""
    targets = _targets(parameters, adapter)
    weights = targets.weights if targets else ()
    each = places(parameters, one_by_one=False)
    return any(_ends(place.weight, name) for place in each for name in weights)


def halves(parameters: Parameters, adapter: Lora | QLora) -> tuple[str, ...]:
    """Which names are missing beside those of a matrix that transformers joined: PEFT wants both halves, or none."""
    fused, given = fused_targets(parameters.model_type), adapter.target_modules
    if isinstance(given, str):
        return ()
    named = {old for old in fused for name in given if _ends(name, old)}
    joined = [old for old, new in fused.items() if list(fused.values()).count(new) > 1]
    return tuple(old for old in joined if old not in named) if named & set(joined) else ()


def saves_nothing(parameters: Parameters, name: str) -> bool:
    """Whether no module with weights has a name that ends so."""
    each = places(parameters, one_by_one=_is_numbered((name,)))
    return not any(path.endswith(name) for place in each for path in place.paths)


def _size(part: Part, rank: int, with_magnitudes: bool) -> int:
    """One matrix in, one out; with DoRA a magnitude for each output as well."""
    if not rank:
        return 0
    return rank * part.times * (part.inputs + part.outputs) + (part.outputs if with_magnitudes else 0)


def _targets(parameters: Parameters, adapter: Lora | QLora) -> Targets | None:
    given, fused = adapter.target_modules, fused_targets(parameters.model_type)
    plain = not adapter.dropout and adapter.kind != "dora"
    if isinstance(given, str):
        if not fused:
            return Targets(adapter.r, (), {}, plain, all_linear=True)
        linear = {part.name.rpartition(".")[2] for alike in parameters.layers for part in _linear(alike.parts)}
        given = [*linear, *fused]
    renamed = {name: next((old for old in fused if _ends(name, old)), None) for name in given}
    modules = tuple(name for name, old in renamed.items() if old is None)
    weights = _weights({old for old in renamed.values() if old}, adapter.r, fused)
    return None if weights is None else Targets(adapter.r, modules, weights, plain)


def _weights(named: Collection[str], rank: int, fused: Mapping[str, str]) -> dict[str, int] | None:
    """Give the rank for each weight: a weight of two that were joined takes both of their ranks, and both or none."""
    weights: dict[str, int] = {}
    for new in fused.values():
        joined = [old for old, other in fused.items() if other == new]
        present = [old for old in joined if old in named]
        if present and present != joined:
            return None
        if present:
            weights[new] = rank * len(joined)
    return weights


def _linear(parts: tuple[Part, ...]) -> Iterator[Part]:
    return (part for part in parts if part.kind == "linear")


def places(parameters: Parameters, one_by_one: bool = True) -> Iterator[Place]:
    """Give every part at its place; without `one_by_one`, parts of layers that are alike once for all of them."""
    for part in (parameters.embedding, *parameters.twins, *parameters.others, parameters.output):
        yield _place(part, part.name, 1, part is parameters.output)
    for alike in parameters.layers:
        each = [(place, 1) for place in alike.places] if one_by_one else [(alike.places[0], len(alike.places))]
        for place, times in each:
            yield from (_place(part, f"{alike.path}.{place}.{part.name}", times) for part in alike.parts)


def _place(part: Part, name: str, times: int, is_output: bool = False) -> Place:
    steps = name.split(".")
    is_bare = part.kind in ("weight", "experts")
    paths = tuple(".".join(steps[:end]) for end in range(1, len(steps) + (not is_bare)))
    return Place(part, paths, name if is_bare else f"{name}.weight", times, is_output)


def _ends(name: str, end: str) -> bool:
    return name == end or name.endswith(f".{end}")


def _is_numbered(names: Collection[str]) -> bool:
    return any(step.isdigit() for name in names for step in name.split("."))
