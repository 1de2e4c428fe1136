"""What locking finds out without transformers and torch, against transformers, torch and our own runtime."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from locking import worlds
from locking.conftest import Project
from locking.test_data import CHATS

from llmc.compiler.locking.chat import Chat

ROOT = Path(__file__).parents[2]
TEMPLATES = [
    worlds.CHATML,
    "{{ bos_token }}{%- for m in messages %}\n[{{ m['role']|upper }}] {{ m['content']|trim }}{% endfor %}\n",
    "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{{ ns.n }}{{ m|tojson }}{% endfor %}",
    "{% for m in messages %}{% if (loop.index0 % 2 == 0) != (m.role == 'user') %}{{ raise_exception('no') }}{% endif %}"
    "{% generation %}{{ m.content }}{% endgeneration %}{{ eos_token }}{% endfor %}",
    "{% if tools %}x{% endif %}{% if add_generation_prompt %}ask{% endif %}{{ messages[-1].content }}",
]


@pytest.mark.slow
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("ask", [True, False])
def test_templates_render_as_transformers_render_them(template: str, ask: bool, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    worlds.write(tmp_path, worlds.model_files(template=template))
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    turns = [
        {"role": "user", "content": " ä\n"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    wanted = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=ask)
    special = {"bos_token": "<s>", "eos_token": "</s>"}
    assert Chat(template, special).render(turns, ask=ask) == wanted


@pytest.mark.slow
@pytest.mark.parametrize("bos", [True, False])
@pytest.mark.parametrize("form", ["text", "prompt_completion", "messages"])
def test_tokens_are_those_that_the_runtime_makes(form: str, bos: bool, project: Project) -> None:
    import msgspec
    from transformers import AutoTokenizer

    from llmc.runtime.data.formats import SHAPES
    from llmc.runtime.data.tokenise import Encoder

    rows: dict[str, list[Any]] = {
        "text": [{"text": "a b c Hello"}, {"text": "unknown words"}, {"text": "  a  "}],
        "prompt_completion": [{"prompt": "a b", "completion": " c"}, {"prompt": "", "completion": "a"}],
        "messages": CHATS,
    }
    worlds.write(project.folder / "model", worlds.model_files(bos=bos))
    project.rows(rows[form])
    project.write(form=form)
    encoder = Encoder(AutoTokenizer.from_pretrained(project.folder / "model"), False)
    encoded = encoder.rows([msgspec.convert(row, SHAPES[form]) for row in rows[form]])
    sizes = sorted(len(ids) for ids, _ in encoded)
    count = project.tokens()
    assert (count["total"], count["longest"]) == (sum(sizes), sizes[-1])


@pytest.mark.slow
def test_the_committed_lock_counts_what_the_runtime_makes() -> None:
    import msgspec
    from transformers import AutoTokenizer

    from llmc.runtime.data.formats import SHAPES
    from llmc.runtime.data.tokenise import Encoder

    here = ROOT / "experiments/from-scratch"
    encoder = Encoder(AutoTokenizer.from_pretrained(here / "tokenizer"))
    data = json.loads((here / "experiment.lock.json").read_text())["data"]
    for path, entry in data.items():
        row = msgspec.convert({"text": (here / path).read_text()}, SHAPES["text"])
        ((ids, _),) = encoder.rows([row])
        assert entry["tokens"][0]["total"] == len(ids)


@pytest.mark.slow
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("shard", ["5GB", "20KB"])
def test_parameters_are_those_that_torch_counts(tied: bool, shard: str, project: Project) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=100, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, tie_word_embeddings=tied,
    )  # fmt: skip
    with torch.random.fork_rng():
        model = LlamaForCausalLM(config)
    (project.folder / "model/model.safetensors").unlink()
    model.save_pretrained(project.folder / "model", max_shard_size=shard)
    entry = project.content()["models"]["./model"]
    assert entry["parameters"]["total"] == sum(weight.numel() for weight in model.parameters())
    assert ("index" in entry["parameters"]["from"]) == (shard == "20KB")
