"""What the lock says of data: rows, columns, and tokens, which are words here, so that they can be counted by hand."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any

import pytest
from locking import worlds
from locking.conftest import Project

from llmc.compiler.locking import tokens as tokens_module
from llmc.compiler.locking.chat import Chat, ChatError
from llmc.compiler.locking.progress import Progress
from llmc.compiler.locking.tokens import percentile

CHATS = [
    {"messages": [{"role": "user", "content": "a b"}, {"role": "assistant", "content": "c"}], "id": 7},
    {"messages": [{"role": "user", "content": "a"}]},
]


def lengths(count: dict[str, Any]) -> tuple[int, int, int]:
    return count["total"], count["longest"], count["median"]


def test_pairs(project: Project) -> None:
    entry = project.content()["data"]["data/train.jsonl"]
    assert (entry["rows"], entry["columns"]) == (3, ["completion", "prompt"])
    assert entry["bytes"] == (project.folder / "data/train.jsonl").stat().st_size
    (count,) = entry["tokens"]
    # prompt, completion and eos: 2 + 1 + 1, 1 + 3 + 1, 1 + 0 + 1
    assert lengths(count) == (11, 5, 4)
    assert count["note"] == "prompt, completion, eos"


def test_a_tokenizer_that_adds_bos_does_so_once_a_row(project: Project) -> None:
    worlds.write(project.folder / "model", worlds.model_files(bos=True))
    assert project.tokens()["total"] == 11 + 3


def test_texts_of_lines_and_of_whole_files(project: Project) -> None:
    project.write(form="text")
    project.rows([{"text": "a b c", "source": "x"}, {"text": "a"}])
    assert lengths(project.tokens()) == (6, 4, 2)
    (project.folder / "data/train.jsonl").unlink()
    worlds.write(project.folder, {"data/one.txt": b"a b\nc", "data/two.txt": b"a", "data/notes.md": b"a a a"})
    project.write("data/train.jsonl", "data", form="text")
    entry = project.content()["data"]["data"]
    assert (entry["rows"], entry["bytes"], entry["columns"]) == (2, 6, ["text"])
    assert entry["tokens"][0]["total"] == 6


def test_conversations_are_rendered(project: Project) -> None:
    project.write(form="messages")
    project.rows(CHATS)
    # "user : a b </s> assistant : c </s>" and "user : a </s>"; eos is what the template writes
    assert lengths(project.tokens()) == (5 + 4 + 4, 9, 4)
    assert project.content()["data"]["data/train.jsonl"]["columns"] == ["id", "messages"]


def test_the_specs_own_template_is_used(project: Project) -> None:
    project.rows(CHATS)
    worlds.write(project.folder, {"chat.jinja": b"{% for m in messages %}a {% endfor %}"})
    project.write("  dtype: bf16", "  dtype: bf16\n  chat_template: chat.jinja", form="messages")
    first = project.tokens()
    assert first["total"] == 3
    worlds.write(project.folder, {"chat.jinja": b"a"})
    assert project.tokens()["total"] == 2
    assert project.tokens()["template"] != first["template"]


@pytest.mark.parametrize(
    ("template", "note"),
    [
        ("{{ raise_exception('roles must\\n alternate') }}", "refuses a row: roles must alternate"),
        ("{% for %}", "refuses a row: "),
        ("{{ ().__class__.__mro__ }}", "refuses a row: "),
        ("{{ 'a' * 10 ** 12 }}", "refuses a row: a template that makes text of this length"),
        (None, "has no chat template"),
    ],
)
def test_conversations_that_cannot_be_rendered_are_not_counted(
    template: str | None, note: str, project: Project
) -> None:
    worlds.write(project.folder / "model", worlds.model_files(template=template))
    project.write(form="messages")
    project.rows(CHATS)
    count = project.tokens()
    assert lengths(count) == (None, None, None)
    assert note in count["note"]


def test_columns_by_other_names_and_the_first_rows_only(project: Project) -> None:
    project.rows([{"question": "a b", "answer": "c"}] * 5)
    columns = "columns: {prompt: question, completion: answer}, max_rows: 3, format: prompt_completion"
    project.write("format: prompt_completion", columns)
    content = project.content()["data"]["data/train.jsonl"]
    assert content["rows"] == 5
    assert content["tokens"][0]["total"] == 3 * 4
    assert content["tokens"][0]["how"] == (
        "prompt_completion as examples, completion is answer, prompt is question, the first 3 rows"
    )


def test_rows_that_a_function_of_the_users_changes_are_not_counted(project: Project) -> None:
    project.rows([{"whatever": 1}])
    project.write("  max_length: 64", "  max_length: 64\n  processing: {function: prep:clean, trusted: true}")
    count = project.tokens()
    assert count["total"] is None
    assert "prep:clean" in count["note"]


def test_streamed_data_is_not_read_to_its_end(project: Project) -> None:
    project.rows([{"prompt": "a", "completion": "b"}] * 3000)
    with (project.folder / "data/train.jsonl").open("a") as file:
        file.write("not JSON\n")
    project.write("  max_length: 64", "  max_length: 64\n  streaming: true")
    entry = project.content()["data"]["data/train.jsonl"]
    assert (entry["rows"], entry["columns"]) == (None, ["completion", "prompt"])
    assert entry["tokens"][0]["total"] is None


def test_a_mixture_and_held_out_data(project: Project) -> None:
    project.rows([{"prompt": "a", "completion": "b"}], "data/other.jsonl")
    mixture = """
    - {path: data/train.jsonl, format: prompt_completion, weight: 2}
    - {path: data/other.jsonl, format: prompt_completion, weight: 1}
  eval: {path: data/other.jsonl, format: prompt_completion}"""
    project.write(" {path: data/train.jsonl, format: prompt_completion}", mixture)
    data = project.content()["data"]
    assert {path: entry["rows"] for path, entry in data.items()} == {"data/train.jsonl": 3, "data/other.jsonl": 1}


def test_preferences_are_two_sequences_a_row(project: Project) -> None:
    project.rows([{"prompt": "a b", "chosen": "c", "rejected": "a b c"}, {"chosen": "a", "rejected": "b"}])
    project.write("task: sft", "task: dpo", form="preference")
    assert lengths(project.tokens()) == ((2 + 1 + 1) + (2 + 3 + 1) + 2 + 2, 6, 2)


def test_tokens_are_counted_as_given(project: Project) -> None:
    project.rows([{"input_ids": [1, 2, 3]}, {"input_ids": [4]}])
    project.write("task: sft", "task: pretrain", form="tokens")
    assert lengths(project.tokens()) == (4, 3, 1)


@pytest.mark.parametrize("form", ["prompt_completion", "messages"])
def test_prompts_are_counted_up_to_the_answer(form: str, project: Project) -> None:
    worlds.write(project.folder / "model", worlds.model_files(bos=True, template=worlds.ASKING))
    project.rows([{"prompt": "a b", "completion": "c"}] if form == "prompt_completion" else CHATS[:1])
    project.spec.write_text(f"""\
llmc: 1
name: exp
task: infer
model: {{name_or_path: ./model, dtype: bf16}}
data:
  input: {{path: data/train.jsonl, format: {form}}}
inference:
  engine: transformers
  generation: {{max_new_tokens: 4}}
targets:
  local: {{slots: 1}}
""")
    # bos and two words; or "user : a b </s> assistant :" as rendered
    assert project.tokens()["total"] == (3 if form == "prompt_completion" else 7)


def test_parquet(project: Project) -> None:
    import pyarrow
    import pyarrow.parquet

    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(CHATS), stream)
    worlds.write(project.folder, {"data/train.parquet": stream.getvalue()})
    project.write("train.jsonl", "train.parquet", form="messages")
    assert lengths(project.tokens()) == (13, 9, 4)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"prompt": "a", "completion": "b"}\n{"prompt": "a"\n', "data/train.jsonl:2: not JSON"),
        (b'\n\n["a"]\n', "data/train.jsonl:3: a row is a mapping of columns"),
        (b'{"prompt": "a", "answer": "b"}\n', "data/train.jsonl:1: a prompt_completion row without 'completion'"),
        (b'{"prompt": 3, "completion": "b"}\n', "data/train.jsonl:1: what stands in prompt or completion is not of"),
        (b"\n \n", "data/train.jsonl holds no rows"),
        (b"", "data/train.jsonl holds no rows"),
        (b"\xff\xfe\n", "data/train.jsonl:1: not JSON"),
        (b"[" * 100_000, "data/train.jsonl:1: not JSON"),
        (b'{"prompt": "' + b"9" * 5000, "data/train.jsonl:1: not JSON"),
    ],
)
def test_rows_that_are_none_are_told_by_their_line(content: bytes, told: str, project: Project) -> None:
    worlds.write(project.folder, {"data/train.jsonl": content})
    said = project.refused("LLM413")
    assert said.startswith("8:17 ")
    assert told in said


def test_rows_of_too_many_columns_are_no_table(project: Project) -> None:
    project.rows([{"prompt": "a", "completion": "b"} | {f"c{number}": 1 for number in range(300)}])
    assert "have 302 different columns" in project.refused("LLM413")


def test_data_that_is_not_there(project: Project) -> None:
    project.write("data/train.jsonl", "data/nowhere.jsonl")
    assert "there is no 'data/nowhere.jsonl' on this machine" in project.refused("LLM411")
    (project.folder / "empty").mkdir()
    project.write("data/train.jsonl", "empty")
    assert "holds no file that ends in .jsonl or .parquet" in project.refused("LLM411")


def test_texts_must_be_utf8(project: Project) -> None:
    worlds.write(project.folder, {"data/latin.txt": "für".encode("latin-1")})
    project.write("data/train.jsonl", "data/latin.txt", form="text")
    assert "data/latin.txt: not UTF-8 text at byte 1" in project.refused("LLM413")


def test_what_was_counted_is_not_counted_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    before = project.content()
    monkeypatch.setattr(tokens_module.Ruler, "measure", None)
    assert project.content() == before
    with pytest.raises(TypeError):
        project.run("--fresh")


def test_other_rows_or_another_tokenizer_are_counted_anew(project: Project) -> None:
    before = project.content()["data"]["data/train.jsonl"]
    worlds.write(project.folder / "model", worlds.model_files(bos=True))
    with_bos = project.content()["data"]["data/train.jsonl"]
    assert with_bos["digest"] == before["digest"]
    assert with_bos["tokens"][0]["total"] == 14
    project.rows([{"prompt": "a", "completion": ""}])
    assert project.content()["data"]["data/train.jsonl"]["tokens"][0]["total"] == 3


def test_a_sweep_over_tokenizers_counts_for_each(project: Project) -> None:
    worlds.write(project.folder / "other", worlds.model_files(bos=True))
    project.write("targets:", "sweep: {grid: {model.name_or_path: [./model, ./other]}}\ntargets:")
    content = project.content()
    assert sorted(content["models"]) == ["./model", "./other"]
    assert sorted(count["total"] for count in content["data"]["data/train.jsonl"]["tokens"]) == [11, 14]


def test_without_the_tokenizers_library(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "tokenizers", None)
    assert "tokenizers, which counts tokens, is not installed" in project.refused("LLM414")


def test_a_tokenizer_without_its_definition(project: Project) -> None:
    (project.folder / "model/tokenizer.json").unlink()
    count = project.tokens()
    assert count["total"] is None
    assert count["note"] == "unknown: it is not known whether the tokenizer adds bos"


def test_a_definition_that_the_library_refuses(project: Project) -> None:
    worlds.write(project.folder / "model", {"tokenizer.json": b'{"model": {"type": "of-the-future", "vocab": {}}}'})
    assert "tokenizer.json means nothing to tokenizers" in project.refused("LLM413")


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99, 1.0])
def test_percentiles_are_what_sorting_gives(share: float) -> None:
    values = [place * place % 97 for place in range(200)]
    nearest_rank = sorted(values)[max(0, -(-int(share * 1000) * len(values) // 1000) - 1)]
    assert percentile(Counter(values), share) == nearest_rank


def test_a_template_marks_what_the_model_says() -> None:
    chat = Chat("{% generation %}{{ messages[0]['content'] | tojson }}{% endgeneration %}{% break %}", {})
    with pytest.raises(ChatError):
        chat.render([{"role": "user", "content": "é"}])
    chat = Chat("{% generation %}{{ messages[0]['content'] | tojson }}{% endgeneration %}", {})
    assert chat.render([{"role": "user", "content": "é"}]) == '"é"'
    assert Chat("{{ strftime_now('%d %b %Y') }}", {}).render([]) == "26 Jul 2024"


def test_long_steps_tell_their_rate_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    stream = io.StringIO()
    with Progress(stream).of("data: counting", 100_000_000) as tick:
        tick(1_000_000)
        assert stream.getvalue() == ""
        now[0] += 5
        tick(24_000_000)
        now[0] += 1
        tick(5_000_000)
    assert stream.getvalue() == "data: counting: 25 of 100 MB, 5.0 MB/s, 15 s left\n"


def test_a_terminal_sees_one_line_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    with Progress(stream).of("x", 4_000_000) as tick:
        now[0] = 4.0
        tick(1_000_000)
    assert stream.getvalue() == "\r\x1b[Kx: 1 of 4 MB, 0.2 MB/s, 12 s left\r\x1b[K"
