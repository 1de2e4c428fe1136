"""From rows to batches."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmc.runtime.contract import Source
from llmc.runtime.data import prepare
from llmc.runtime.data.formats import Message, Messages, PromptCompletion, Text, read
from llmc.runtime.data.packing import pack
from llmc.runtime.data.tokenise import Encoder
from llmc.runtime.refusal import Refusal

IGNORED = -100


def rows(tmp_path, form, text, name="rows.jsonl"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read(Source(f"data/{name}", form), path))


def test_each_format_is_read(tmp_path):
    assert rows(tmp_path, "text", '{"text": "a", "id": 7}\n') == [Text("a")]
    assert rows(tmp_path, "prompt_completion", '{"prompt": "a", "completion": "b"}') == [PromptCompletion("a", "b")]
    chat = {"messages": [{"role": "user", "content": "a"}]}
    assert rows(tmp_path, "messages", json.dumps(chat)) == [Messages([Message("user", "a")])]
    assert rows(tmp_path, "text", "one\ntwo\n", "a.txt") == [Text("one\ntwo\n")]


def test_a_folder_is_read_in_the_order_of_names(tmp_path):
    for name in ("b.txt", "a.txt", "sub/c.txt", "ignored.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "a.jsonl").write_text('{"text": "x"}\n{"text": "y"}\n')
    found = [row.text for row in read(Source("data", "text"), tmp_path)]
    assert found == ["x", "y", "a.txt", "b.txt", "sub/c.txt"]


@pytest.mark.parametrize(
    ("form", "line", "complaint"),
    [
        ("prompt_completion", '{"prompt": "a"}', "missing required field `completion`"),
        ("prompt_completion", '{"prompt": "a", "completion": 3}', "Expected `str`, got `int`"),
        ("prompt_completion", "{", "Input data was truncated"),
        ("text", '["a"]', "Expected `object`, got `array`"),
        ("messages", '{"messages": []}', "Expected `array` of length >= 1"),
        ("messages", '{"messages": [{"role": "user"}]}', "missing required field `content`"),
        ("text", b'{"text": "\xff"}', "invalid|utf"),
    ],
)
def test_a_bad_row_is_named(tmp_path, form, line, complaint):
    good = {"prompt": "a", "completion": "b", "text": "c", "messages": [{"role": "user", "content": "a"}]}
    line = line if isinstance(line, bytes) else line.encode()
    with pytest.raises(Refusal, match=rf"LLM520.*data/rows\.jsonl:3: not a {form} row: .*({complaint})"):
        rows(tmp_path, form, json.dumps(good).encode() + b"\n\n" + line + b"\n")


def test_no_rows_and_no_file_are_refused(tmp_path):
    with pytest.raises(Refusal, match="LLM521"):
        rows(tmp_path, "text", "\n")
    with pytest.raises(Refusal, match=r"LLM513.*data/none"):
        list(read(Source("data/none", "text"), tmp_path / "none"))


@given(st.lists(st.integers(min_value=1, max_value=32), max_size=60))
def test_packing_keeps_every_row_whole_and_once(lengths):
    blocks = pack(lengths, 32)
    assert sorted(row for block in blocks for row in block) == list(range(len(lengths)))
    filled = [sum(lengths[row] for row in block) for block in blocks]
    assert all(0 < length <= 32 for length in filled)
    # Best fit decreasing leaves no two blocks whose contents would fit into one.
    assert sum(2 * length <= 32 for length in filled) <= 1


def test_packing_takes_the_fullest_block_that_fits():
    assert pack([5, 7, 3, 2], 10) == [[1, 2], [0, 3]]


def decoded(tokenizer, ids, flags):
    return tokenizer.decode([token for token, flag in zip(ids, flags, strict=True) if flag])


def test_the_loss_is_on_the_completion_and_its_end(tokenizer):
    ((ids, flags),) = Encoder(tokenizer).rows([PromptCompletion("You may not", " use this file")])
    assert tokenizer.decode(ids) == "You may not use this file</s>"
    assert decoded(tokenizer, ids, flags) == " use this file</s>"
    ((_, everything),) = Encoder(tokenizer, completion_only_loss=False).rows([PromptCompletion("You", " may")])
    assert everything.all()


def test_training_and_inference_see_the_same_prompt(tokenizer):
    for row in (PromptCompletion("Licen", "see"), Messages([Message("user", "a"), Message("assistant", "b")])):
        encoder = Encoder(tokenizer)
        ((ids, flags),) = encoder.rows([row])
        (prompt,) = encoder.prompts([row])
        assert list(ids[: len(prompt)]) == prompt
        assert not flags[: len(prompt)].any()
        assert flags[len(prompt)]


def test_the_loss_is_on_every_turn_of_the_assistant(tokenizer):
    turns = [("system", "be brief"), ("user", "a"), ("assistant", "one"), ("user", "b"), ("assistant", "two")]
    row = Messages([Message(role, content) for role, content in turns])
    ((ids, flags),) = Encoder(tokenizer).rows([row])
    assert decoded(tokenizer, ids, flags) == "one</s>two</s>"


def test_a_template_that_rewrites_history_is_refused(tokenizer):
    import copy

    forgetful = copy.deepcopy(tokenizer)
    forgetful.chat_template = "{{ messages | length }}{% for m in messages %}{{ m['content'] }}</s>{% endfor %}"
    row = Messages([Message("user", "a"), Message("assistant", "b"), Message("user", "c")])
    with pytest.raises(Refusal, match="LLM522"):
        Encoder(forgetful).rows([row])
    assert Encoder(forgetful, completion_only_loss=False).rows([row])


def test_a_begin_token_is_kept_where_the_tokenizer_adds_one(tokenizer):
    import copy

    from tokenizers.processors import TemplateProcessing

    starting = copy.deepcopy(tokenizer)
    starting.backend_tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    ((ids, _),) = Encoder(starting).rows([PromptCompletion("a", "b")])
    assert starting.decode(ids) == "<s>ab</s>"
    assert starting.decode(Encoder(starting).prompts([Text("a")])[0]) == "<s>a"


def test_truncation_and_rows_without_a_lesson_are_counted(tokenizer, tmp_path):
    long = "the license " * 50
    given_rows = [PromptCompletion("a", long), PromptCompletion(long, "b"), PromptCompletion("a", "b")]
    summary = prepare.write(tmp_path / "p", given_rows, Encoder(tokenizer), 16)
    assert summary == prepare.read_summary(tmp_path / "p")
    assert (summary.rows, summary.truncated, summary.dropped) == (2, 2, 1)
    found = prepare.Rows(tmp_path / "p")
    assert [len(found[row]["input_ids"]) for row in range(2)] == [16, 3]
    assert list(found[1]["labels"][:1]) == [IGNORED]
    assert tokenizer.decode(found[1]["labels"][1:]) == "b</s>"


def test_nothing_to_learn_is_refused(tokenizer, tmp_path):
    with pytest.raises(Refusal, match=r"LLM521.*none of 1 rows"):
        prepare.write(tmp_path / "p", [PromptCompletion("the license " * 50, "b")], Encoder(tokenizer), 8)


def test_documents_become_one_stream(tokenizer, tmp_path):
    documents = ["You may not use this file", "except in compliance with the License", "x"]
    prepare.write(tmp_path / "p", [Text(text) for text in documents], Encoder(tokenizer), None)
    stream = prepare.Stream(tmp_path / "p", 8)
    ids = [token for text in documents for token in [*tokenizer(text)["input_ids"], tokenizer.eos_token_id]]
    assert len(stream) == len(ids) // 8
    blocks = np.concatenate([stream[block]["labels"] for block in range(len(stream))])
    assert list(blocks) == ids[: len(ids) // 8 * 8]
    with pytest.raises(Refusal, match="LLM521"):
        prepare.Stream(tmp_path / "p", len(ids) + 1)


@pytest.fixture
def packed(tokenizer, tmp_path):
    texts = ["You may obtain a copy", "of the License at", "this file", "x"]
    prepare.write(tmp_path / "p", [Text(text) for text in texts], Encoder(tokenizer), 24)
    return prepare.Rows(tmp_path / "p"), prepare.Packed(tmp_path / "p", 24)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_rows_do_not_see_each_other(packed, attention):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from llmc.runtime.data.collate import Collator

    rows, blocks = packed
    assert len(blocks) < len(rows)
    config = LlamaConfig(
        hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
        vocab_size=1024, attn_implementation=attention,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    batch = Collator(pad=1)([blocks[block] for block in range(len(blocks))])
    with torch.no_grad():
        together = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"], use_cache=False).logits
        for block, members in enumerate(blocks.blocks):
            begin = 0
            for row in members:
                ids = torch.tensor(rows[row]["input_ids"])[None]
                end = begin + ids.shape[1]
                alone = model(input_ids=ids).logits[0]
                torch.testing.assert_close(together[block, begin:end], alone, atol=1e-5, rtol=1e-4)
                assert batch["labels"][block, begin] == IGNORED
                begin = end
            assert (batch["labels"][block, begin:] == IGNORED).all()


def test_rows_are_padded_at_the_right():
    from llmc.runtime.data.collate import Collator

    examples = [{name: np.arange(1, 1 + length) for name in ("input_ids", "labels")} for length in (2, 3)]
    batch = Collator(pad=9)(examples)
    assert batch["input_ids"].tolist() == [[1, 2, 9], [1, 2, 3]]
    assert batch["labels"].tolist() == [[1, 2, IGNORED], [1, 2, 3]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1]]
    assert batch["lengths"].tolist() == [2, 3]
