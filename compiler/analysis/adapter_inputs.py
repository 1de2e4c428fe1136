"""What low-rank adapters read in one layer, and so what autograd keeps for them."""

from __future__ import annotations

from llmc.compiler.analysis.kept import Inputs
from llmc.compiler.facts.adapted import reached
from llmc.compiler.facts.modules import Parameters
from llmc.compiler.language.sections.model import Lora, QLora

# The last product of attention: what it reads is attention's own output, which autograd keeps anyway.
_OUTPUTS = ("o_proj", "out_proj", "c_proj", "dense", "wo")


def inputs_of(parameters: Parameters, adapter: Lora | QLora) -> Inputs:
    """Sum what the adapters of one layer read, on average over all layers."""
    layers = sum(len(alike.places) for alike in parameters.layers)
    modules = width = 0
    shared: dict[tuple[str, int], int] = {}
    for place in reached(parameters, adapter):
        modules += place.times
        width += place.times * place.part.inputs
        owner, _, name = place.part.name.rpartition(".")
        if name not in _OUTPUTS or "mlp" in owner:
            reads = (owner, place.part.inputs)
            shared[reads] = max(shared.get(reads, 0), place.times * place.part.inputs)
    return Inputs(round(modules / layers), round(width / layers), round(sum(shared.values()) / layers))
