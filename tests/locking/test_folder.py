"""A model's facts from a folder: what its files say, and what is said of files that are broken."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from locking import worlds

from llmc.compiler.locking.folder import Folder
from llmc.compiler.locking.model import model_entry
from llmc.compiler.locking.progress import Progress
from llmc.compiler.locking.trouble import Trouble


def entry_of(folder: Path, files: dict[str, bytes], whole: bool = True) -> dict[str, Any]:
    place = Folder(worlds.write(folder, files), "./model", deep=False)
    return model_entry(place, Progress(), whole=whole)[0]


def trouble(folder: Path, files: dict[str, bytes]) -> str:
    with pytest.raises(Trouble) as caught:
        entry_of(folder, files)
    return f"{caught.value.code} {caught.value}"


def test_a_model_is_what_its_files_say(tmp_path: Path) -> None:
    entry = entry_of(tmp_path, worlds.model_files())
    assert entry["config"] == worlds.CONFIG
    assert entry["parameters"] == {"total": worlds.PARAMETERS, "from": "the header of model.safetensors"}
    assert entry["weights_bytes"] == (tmp_path / "model.safetensors").stat().st_size
    assert (entry["source"], entry["commit"], entry["generation_eos"]) == ("folder", None, [2])
    tokenizer = entry["tokenizer"]
    assert tokenizer["vocab_size"] == len(worlds.WORDS)
    assert (tokenizer["bos"], tokenizer["eos"]) == ({"text": "<s>", "id": 1}, {"text": "</s>", "id": 2})
    assert tokenizer["pad"] is None
    assert tokenizer["added_tokens"] == ["<unk>", "<s>", "</s>"]
    assert tokenizer["has_chat_template"]


def test_only_files_of_the_model_are_in_its_digest(tmp_path: Path) -> None:
    files = worlds.model_files()
    first = entry_of(tmp_path / "a", files)
    again = entry_of(tmp_path / "b", files | {"README.md": b"other words", "training_args.bin": b"x"})
    assert again["files"] == first["files"]
    other = bytearray(files["model.safetensors"])
    other[-1] ^= 1
    assert entry_of(tmp_path / "c", files | {"model.safetensors": bytes(other)})["files"] != first["files"]


def test_generation_config_says_what_ends_an_answer(tmp_path: Path) -> None:
    files = worlds.model_files() | {"generation_config.json": b'{"eos_token_id": [2, 7]}'}
    assert entry_of(tmp_path, files)["generation_eos"] == [2, 7]


@pytest.mark.parametrize(
    ("bos", "settings", "expected"),
    [
        (False, {}, False), (True, {}, True), (True, {"add_bos_token": False}, False),
        (False, {"add_bos_token": True}, True), (True, {"add_eos_token": True}, False),
        (True, {"bos_token": None}, False),
    ],
)  # fmt: skip
def test_whether_bos_is_added(bos: bool, settings: dict[str, Any], expected: bool, tmp_path: Path) -> None:
    files = worlds.model_files(bos)
    files["tokenizer_config.json"] = json.dumps(worlds.TOKENIZER_CONFIG | settings).encode()
    assert entry_of(tmp_path, files)["tokenizer"]["adds_bos"] is expected


@pytest.mark.parametrize(
    ("template", "renders"),
    [("{{ bos_token }}{{ messages[0].content }}", True), (worlds.CHATML, False), ("{{ nothing.at.all }}", None)],
)
def test_whether_a_template_renders_bos(template: str, renders: bool | None, tmp_path: Path) -> None:
    assert entry_of(tmp_path, worlds.model_files(template=template))["tokenizer"]["template_renders_bos"] is renders


@pytest.mark.parametrize(
    "files",
    [
        {"chat_template.jinja": b"x"},
        {"chat_template.json": b'{"chat_template": "x"}'},
        {"additional_chat_templates/default.jinja": b"x"},
        {"tokenizer_config.json": b'{"chat_template": [{"name": "default", "template": "x"}]}'},
    ],
)
def test_a_template_is_found_where_transformers_look(files: dict[str, bytes], tmp_path: Path) -> None:
    assert not entry_of(tmp_path / "a", worlds.model_files(template=None))["tokenizer"]["has_chat_template"]
    assert entry_of(tmp_path / "b", worlds.model_files(template=None) | files)["tokenizer"]["has_chat_template"]


def test_tokens_that_only_the_configuration_names_come_last(tmp_path: Path) -> None:
    named = worlds.TOKENIZER_CONFIG | {"pad_token": "<pad>", "added_tokens_decoder": {"10": {"content": "<x>"}}}
    files = worlds.model_files() | {"tokenizer_config.json": json.dumps(named).encode()}
    tokenizer = entry_of(tmp_path, files)["tokenizer"]
    assert tokenizer["vocab_size"] == len(worlds.WORDS) + 2
    assert tokenizer["pad"] == {"text": "<pad>", "id": 11}


def test_a_tokenizer_of_another_kind_has_no_known_size(tmp_path: Path) -> None:
    files = worlds.model_files()
    del files["tokenizer.json"]
    tokenizer = entry_of(tmp_path, files | {"tokenizer.model": b"sentencepiece"})["tokenizer"]
    assert (tokenizer["vocab_size"], tokenizer["adds_bos"]) == (None, None)
    assert tokenizer["eos"] == {"text": "</s>", "id": None}


def test_a_tokenizer_by_itself(tmp_path: Path) -> None:
    files = {name: content for name, content in worlds.model_files().items() if name.startswith("tokenizer")}
    entry = entry_of(tmp_path, files, whole=False)
    assert entry["config"] is None
    assert entry["parameters"]["total"] is None
    assert entry["tokenizer"]["vocab_size"] == len(worlds.WORDS)


# -- weights ------------------------------------------------------------------------------------------------------


def total(folder: Path, shapes: dict[str, tuple[int, ...]], **config: Any) -> int | None:
    files = worlds.model_files(**config) | {"model.safetensors": worlds.safetensors(shapes)}
    return entry_of(folder, files)["parameters"]["total"]  # type: ignore[no-any-return]


def test_tied_weights_count_once_however_they_were_saved(tmp_path: Path) -> None:
    both = worlds.SHAPES
    once = {name: shape for name, shape in both.items() if name != "lm_head.weight"}
    assert total(tmp_path / "a", once, tie_word_embeddings=True) == 44
    assert total(tmp_path / "b", both, tie_word_embeddings=True) == 44
    assert total(tmp_path / "c", both, tie_word_embeddings=False) == 84


def test_saved_buffers_are_no_parameters(tmp_path: Path) -> None:
    buffers = {"h.0.attn.bias": (1, 1, 8, 8), "model.layers.0.self_attn.rotary_emb.inv_freq": (2,)}
    real = {"h.0.attn.c_attn.bias": (12,), "layers.0.attention.dense.bias": (4,), "scalar": ()}
    assert total(tmp_path, worlds.SHAPES | buffers | real) == worlds.PARAMETERS + 12 + 4 + 1


def test_packed_weights_are_not_counted(tmp_path: Path) -> None:
    files = worlds.model_files(quantization_config={"quant_method": "gptq", "bits": 4})
    parameters = entry_of(tmp_path, files)["parameters"]
    assert parameters == {"total": None, "from": "unknown: the weights are packed by gptq"}


def sharded(**metadata: Any) -> dict[str, bytes]:
    files = worlds.model_files()
    del files["model.safetensors"]
    names = {name: f"model-0000{place}-of-00003.safetensors" for place, name in enumerate(worlds.SHAPES, 1)}
    index = {"metadata": metadata, "weight_map": names}
    parts = {file: worlds.safetensors({name: worlds.SHAPES[name]}) for name, file in names.items()}
    return files | parts | {"model.safetensors.index.json": json.dumps(index).encode()}


def test_shards_are_counted_together(tmp_path: Path) -> None:
    entry = entry_of(tmp_path / "a", sharded(total_size=168))
    assert entry["parameters"] == {"total": worlds.PARAMETERS, "from": "the headers of 3 safetensors files"}
    assert entry["weights_bytes"] == sum(path.stat().st_size for path in (tmp_path / "a").glob("*.safetensors"))
    told = entry_of(tmp_path / "b", sharded(total_parameters=84, total_size=168))
    assert told["parameters"] == {"total": 84, "from": "total_parameters of model.safetensors.index.json"}
    files = sharded()
    del files["model-00002-of-00003.safetensors"]
    assert "LLM413 ./model/model-00002-of-00003.safetensors is missing" in trouble(tmp_path / "c", files)


def test_weights_of_another_format_are_not_counted(tmp_path: Path) -> None:
    files = worlds.model_files()
    del files["model.safetensors"]
    entry = entry_of(tmp_path, files | {"pytorch_model.bin": b"pickle"})
    assert entry["parameters"]["total"] is None
    assert "pytorch_model.bin" in entry["parameters"]["from"]
    assert entry["weights_bytes"] == 6


WHOLE = worlds.safetensors(worlds.SHAPES)


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        (b"", "has no header"),
        (WHOLE[:5], "has no header"),
        (WHOLE[:40], "no whole safetensors file"),
        (WHOLE[:-1], "its header speaks of"),
        (WHOLE + b"more", "its header speaks of"),
        ((2**63).to_bytes(8, "little") + WHOLE[8:], "claims a header of 9,223,372,036,854,775,808 bytes"),
        ((90_000_000).to_bytes(8, "little") + WHOLE[8:], "claims a header of 90,000,000 bytes"),
        ((4).to_bytes(8, "little") + b"null", "is not a JSON mapping"),
        ((4).to_bytes(8, "little") + b"{{{{", "is not JSON"),
        ((10).to_bytes(8, "little") + b'{"a": "b"}', "does not describe tensors"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n", "Git LFS"),
    ],
)
def test_broken_weights_are_told_and_cost_nothing(weights: bytes, told: str, tmp_path: Path) -> None:
    files = worlds.model_files() | {"model.safetensors": weights}
    worlds.write(tmp_path, files)
    tracemalloc.start()
    said = trouble(tmp_path, files)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert said.startswith("LLM413 ")
    assert "./model/model.safetensors" in said
    assert told in said
    assert peak < 20_000_000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"{"), ("config.json", b"[]"), ("config.json", b"\xff"), ("config.json", b'{"a": "\\ud800"}'),
        ("config.json", b"[" * 100_000), ("tokenizer.json", b"nothing"), ("tokenizer_config.json", b"3"),
        ("chat_template.jinja", b"\xff\xfe"), ("generation_config.json", b'"a"'),
    ],
)  # fmt: skip
def test_broken_small_files_are_told(name: str, content: bytes, tmp_path: Path) -> None:
    said = trouble(tmp_path, worlds.model_files() | {name: content})
    assert said.startswith(f"LLM413 ./model/{name} is not")


@pytest.mark.parametrize(
    "content",
    [b"{}", b'{"model": {"vocab": {"a": "b"}}, "added_tokens": 3}', b'{"model": {"vocab": [1, [], ["a", 0.0]]}}',
     b'{"added_tokens": [3, {"id": "x"}], "post_processor": {"type": "Sequence", "processors": [7]}}'],
)  # fmt: skip
def test_strange_tokenizers_are_no_crash(content: bytes, tmp_path: Path) -> None:
    entry = entry_of(tmp_path, worlds.model_files() | {"tokenizer.json": content})
    assert entry["tokenizer"]["digest"].startswith("sha256:")


def test_infinity_in_a_config_is_kept_as_a_word(tmp_path: Path) -> None:
    files = worlds.model_files() | {"config.json": b'{"time_step_limit": [0.0, Infinity]}'}
    assert entry_of(tmp_path, files)["config"] == {"time_step_limit": [0.0, "Infinity"]}


def test_what_is_no_model_is_told(tmp_path: Path) -> None:
    assert trouble(tmp_path / "a", {"notes.txt": b""}) == "LLM411 ./model holds no config.json, so it is no model"
    with pytest.raises(Trouble, match=r"there is no '\./nowhere' on this machine"):
        model_entry(Folder(tmp_path / "nowhere", "./nowhere", deep=False), Progress(), whole=True)
    with pytest.raises(Trouble, match="holds no tokenizer"):
        entry_of(tmp_path / "b", {"config.json": b"{}"}, whole=False)


def test_a_file_that_ends_early_is_told(tmp_path: Path) -> None:
    place = Folder(worlds.write(tmp_path, {"a.txt": b"12345"}), "./data")
    (file,) = place.files()
    (tmp_path / "a.txt").write_bytes(b"123")
    with pytest.raises(Trouble, match=r"\./data/a\.txt ended after 3 of 5 bytes"):
        place.read(file)
    (tmp_path / "a.txt").unlink()
    with pytest.raises(Trouble, match="went away"):
        place.read(file)


def test_hidden_files_are_no_part_of_data(tmp_path: Path) -> None:
    files = {"b/c.jsonl": b"", "a.jsonl": b"", ".cache/x.jsonl": b"", ".DS_Store": b""}
    assert [file.name for file in Folder(worlds.write(tmp_path, files), "data").files()] == ["a.jsonl", "b/c.jsonl"]


def test_what_may_not_be_read_is_told(tmp_path: Path) -> None:
    model = worlds.write(tmp_path / "model", worlds.model_files())
    # root may read everything, so it steps down, into a folder that others reach.
    script = f"""
import os
from pathlib import Path
from llmc.compiler.locking.folder import Folder
from llmc.compiler.locking.trouble import Trouble
os.chdir({str(tmp_path)!r})
if os.geteuid() == 0:
    os.seteuid(65534)
place = Folder(Path("model"), "./model")
for ask in (place.files, lambda: place.part("config.json", 0, 9)):
    try:
        print(ask())
    except Trouble as trouble:
        print(trouble.code, trouble)
"""
    tmp_path.chmod(0o711)
    (model / "config.json").chmod(0)
    model.chmod(0o111)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    model.chmod(0o755)
    told = ["LLM412 ./model may not be read", "LLM412 ./model/config.json may not be read"]
    assert done.stdout.splitlines() == told, done.stderr
