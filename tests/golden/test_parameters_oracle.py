"""Counts of parameters against transformers and PEFT themselves, for every known architecture."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from golden import architectures, shapes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmc.compiler.facts.adapted import places
from llmc.compiler.facts.architectures import families
from llmc.compiler.facts.modules import Parameters
from llmc.compiler.facts.parameters import count, trainable
from llmc.compiler.language.sections.model import Lora

pytestmark = pytest.mark.slow
TYPES = sorted(name for family in families() for name in family.TYPES)
PUBLISHED = json.loads((Path(__file__).parent / "models.json").read_text())["models"]
EXAMPLES = max(12, int(os.environ.get("LLMC_EXAMPLES", "0")) // 100)
OLD_NAMES = ["w1", "w2", "w3", "gate", "gate_proj", "up_proj", "down_proj"]

drawn = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def test_the_catalogue_is_what_the_libraries_say() -> None:
    assert architectures.FILE.read_text() == architectures.page()


def built(config: dict[str, Any]) -> Any:
    """The real model; None where transformers cannot build it."""
    try:
        return shapes.build(config)
    except Exception:
        return None


def few(draws: list[bool], share: float) -> float:
    """How many of some draws are too few to be a share of all: three standard errors below it.

    The draws are random. A handful of them says next to nothing about a share; the large run of a night does.
    """
    return len(draws) * share - 3 * math.sqrt(len(draws) * share * (1 - share))


def parts(parameters: Parameters) -> dict[str, int]:
    """What each module holds, by the table. A tied output holds its biases alone."""
    twins = {part.name for part in parameters.twins}
    found: dict[str, int] = {}
    for place in places(parameters):
        held = place.part.biases if parameters.tied and place.is_output else place.part.parameters
        if held and place.part.name not in twins:
            found[place.paths[-1]] = found.get(place.paths[-1], 0) + held
    return found


@pytest.mark.parametrize("model_type", TYPES)
def test_defaults_are_counted_as_they_are_built(model_type: str) -> None:
    model, parameters = built({"model_type": model_type}), count({"model_type": model_type})
    # What transformers cannot build from its own defaults is refused. So is the one mixture whose class does not say
    # how many experts see a token: it can be built, but not run.
    assert (parameters is None) == (model is None or model_type == "deepseek_v2")
    if parameters:
        assert parts(parameters) == shapes.weights(model)


# One of the mpt models is enough: they differ in the number of positions.
@pytest.mark.parametrize("name", sorted(name for name in PUBLISHED if not name.startswith("mpt") or "7b-s2048" in name))
def test_published_models_are_counted_as_they_are_built(name: str) -> None:
    parameters = count(PUBLISHED[name]["config"])
    assert parameters
    assert parts(parameters) == shapes.weights(shapes.build(PUBLISHED[name]["config"]))


@pytest.mark.parametrize("model_type", TYPES)
def test_small_models_are_counted_as_they_are_built(model_type: str) -> None:
    seen: list[bool] = []

    @drawn
    @given(config=shapes.configs(model_type))
    def check(config: dict[str, Any]) -> None:
        model, parameters = built(config), count(config)
        if model is not None and parameters is not None:
            assert parts(parameters) == shapes.weights(model)
            assert parameters.total == sum(parameter.numel() for parameter in model.parameters())
        seen.append(model is not None and parameters is not None)

    check()
    assert sum(seen) > few(seen, 0.5), "most of what transformers build is counted, and not refused"


@st.composite
def adapters(draw: st.DrawFn, model: Any) -> Lora:
    """Draw an adapter with the model's own names, and some that are none, or no linear layers."""
    every = sorted({name.rpartition(".")[2] for name, _ in model.named_modules() if name})
    linear = [name for name in every if any(_is_linear(module) for module in _named(model, name))]
    some = st.lists(st.sampled_from(linear), min_size=1, unique=True)
    any_name = st.lists(st.sampled_from([*every, *OLD_NAMES]), min_size=1, max_size=3, unique=True)
    targets = draw(st.just("all-linear") | some | st.tuples(some, any_name).map(lambda both: [*both[0], *both[1]]))
    saved = st.lists(st.sampled_from(["embed_tokens", "lm_head", "norm", "wte", *every]), max_size=2, unique=True)
    kind, dropout = draw(st.sampled_from(["lora", "dora"])), draw(st.sampled_from([0.0, 0.1]))
    return Lora(kind, draw(st.integers(1, 9)), 16, dropout, targets, draw(st.just([]) | saved))


def _named(model: Any, end: str) -> list[Any]:
    return [module for name, module in model.named_modules() if name.rpartition(".")[2] == end]


def _is_linear(module: Any) -> bool:
    return hasattr(module, "weight") and type(module).__name__ in ("Linear", "Conv1D", "FalconLinear")


@pytest.mark.parametrize("model_type", TYPES)
def test_adapters_train_what_peft_trains(model_type: str) -> None:
    seen: list[bool] = []

    @drawn
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        config = data.draw(shapes.configs(model_type))
        model = built(config)
        if model is None or count(config) is None:
            return
        adapter = data.draw(adapters(model))
        counted = trainable(config, adapter)
        try:
            trained = shapes.adapted(model, adapter)
        except Exception:
            return  # whatever was counted: PEFT refuses it before anything is trained
        assert counted in (trained, None)
        seen.append(counted is not None)

    check()
    assert sum(seen) > few(seen, 0.7), "most of what PEFT takes is counted, and not refused"


@pytest.mark.parametrize(
    ("adapter", "said"),
    [
        (Lora("lora", 4, 8, 0.1, "all-linear"), "does not work with lora_dropout != 0"),
        (Lora("dora", 4, 8, 0.0, ["down_proj"]), "does not work with use_dora=True"),
        (Lora("lora", 4, 8, 0.0, ["gate_proj"]), "without also targeting up_proj"),
    ],
    ids=["LLM350 dropout", "LLM350 DoRA", "LLM351"],
)
def test_peft_refuses_what_the_checks_find_on_experts(adapter: Lora, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        shapes.adapted(shapes.build({"model_type": "qwen3_moe", "num_hidden_layers": 1}), adapter)


def test_peft_is_silent_about_what_it_cannot_save() -> None:
    model = {"model_type": "llama", "num_hidden_layers": 1}
    without = shapes.adapted(shapes.build(model), Lora("lora", 4, 8, 0.0, ["q_proj"]))
    assert shapes.adapted(shapes.build(model), Lora("lora", 4, 8, 0.0, ["q_proj"], ["wte"])) == without
