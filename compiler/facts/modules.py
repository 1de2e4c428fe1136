"""What a model is made of: its modules that hold weights, with their shapes and PEFT's names for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["linear", "embedding", "norm", "router", "weight", "experts"]


class Part(NamedTuple):
    """A module that holds weights: `inputs` x `outputs` of them, and biases.

    `name` is its path in its layer, or in the model. Two kinds are no modules, but weights that the module around them
    holds itself: `weight`, and `experts`, which is one weight for all experts of a mixture, `times` as large as one's.
    """

    name: str
    kind: Kind
    inputs: int
    outputs: int
    biases: int = 0
    times: int = 1

    @property
    def parameters(self) -> int:
        """How many."""
        return (self.inputs * self.outputs + self.biases) * self.times


class Layers(NamedTuple):
    """Layers that are alike. `path` is where the model has them, `places` their numbers there."""

    path: str
    places: Sequence[int]
    attention: tuple[Part, ...]
    mlp: tuple[Part, ...]
    norms: tuple[Part, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything in one of them."""
        return self.attention + self.mlp + self.norms

    @property
    def parameters(self) -> int:
        """How many one of them has."""
        return numbers(self.attention) + numbers(self.mlp) + numbers(self.norms)


@dataclass(frozen=True, slots=True)
class Parameters:
    """A model's parameters, part by part.

    `others` stands beside layers, embedding and output: the last norm, learned positions, projections. A tied output
    layer shares the embedding's weights, though not its biases; `twins` are embeddings that share all of them.
    `experts_per_token` is None where there are no experts.
    """

    model_type: str
    embedding: Part
    output: Part
    tied: bool
    layers: tuple[Layers, ...]
    others: tuple[Part, ...]
    experts_per_token: int | None = None
    twins: tuple[Part, ...] = ()

    @property
    def total(self) -> int:
        """All of them, tied weights counted once."""
        layers = sum(len(alike.places) * alike.parameters for alike in self.layers)
        return self.embeddings + layers + numbers(self.others)

    @property
    def embeddings(self) -> int:
        """Those of the first and the last layer."""
        return self.embedding.parameters + (self.output.biases if self.tied else self.output.parameters)

    @property
    def experts(self) -> int:
        """Those of all experts together; experts that see every token are not meant."""
        return sum(len(alike.places) * numbers(_experts(alike)) for alike in self.layers)

    @property
    def active(self) -> int:
        """Those that compute one token: of the experts only `experts_per_token`."""
        return self.total - sum(
            len(alike.places) * part.parameters // part.times * (part.times - (self.experts_per_token or 0))
            for alike in self.layers
            for part in _experts(alike)
        )

    @property
    def linear(self) -> int:
        """The weights, without biases, of the linear layers but the output: those that bitsandbytes quantises.

        Experts in one weight are no linear layers.
        """
        return sum(
            len(alike.places) * part.inputs * part.outputs
            for alike in self.layers
            for part in alike.parts
            if part.kind == "linear"
        ) + sum(part.inputs * part.outputs for part in self.others if part.kind == "linear")

    @property
    def largest_layer(self) -> int:
        """How many the largest of the layers has."""
        return max(alike.parameters for alike in self.layers)


def numbers(parts: Iterable[Part]) -> int:
    """How many parameters some parts have together."""
    return sum((part.inputs * part.outputs + part.biases) * part.times for part in parts)


def _experts(alike: Layers) -> list[Part]:
    return [part for part in alike.mlp if part.kind == "experts"]
