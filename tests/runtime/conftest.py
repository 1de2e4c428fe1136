"""A project on disk, as a user has it: a small model, its tokenizer and data; and real runs that tests share."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

CHAT_TEMPLATE = (
    "{% for message in messages %}<s>{{ message['role'] }}\n{{ message['content'] }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)


def paragraphs() -> list[str]:
    """Real English: what the licence of this project says."""
    text = (Path(__file__).parents[2] / "LICENSE").read_text(encoding="utf-8")
    blocks = (" ".join(block.split()) for block in text.split("\n\n"))
    return [block for block in blocks if len(block) > 40]


@pytest.fixture(scope="session")
def tokenizer():
    """A byte-level BPE of about a thousand tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        paragraphs(), trainers.BpeTrainer(vocab_size=1000, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    )
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>", chat_template=CHAT_TEMPLATE)


@pytest.fixture(scope="session")
def project(tmp_path_factory, tokenizer):
    """A project folder with model/, data/train.jsonl, data/heldout.jsonl, data/chat.jsonl and data/text/."""
    from transformers import LlamaConfig, LlamaForCausalLM, set_seed

    root = tmp_path_factory.mktemp("project")
    set_seed(1)
    config = LlamaConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        vocab_size=1024, max_position_embeddings=256, tie_word_embeddings=True, bos_token_id=0, eos_token_id=1,
        initializer_range=0.1,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(root / "model")
    tokenizer.save_pretrained(root / "model")
    (root / "data" / "text").mkdir(parents=True)
    text = " ".join(paragraphs())
    pieces = [text[start : start + 30 + 3 * (start % 40)] for start in range(0, 48 * 170, 170)]
    rows = [{"prompt": piece[:25].strip(), "completion": piece[25:]} for piece in pieces]
    write_rows(root / "data" / "train.jsonl", rows[:37])
    write_rows(root / "data" / "heldout.jsonl", rows[37:])
    chats = [
        {"messages": [{"role": "user", "content": row["prompt"]}, {"role": "assistant", "content": row["completion"]}]}
        for row in rows
    ]
    write_rows(root / "data" / "chat.jsonl", chats[:37])
    for number, text in enumerate(paragraphs()):
        (root / "data" / "text" / f"{number:03}.txt").write_text(text, encoding="utf-8")
    return root


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="session")
def llmc(project):
    """Runs `python -m llmc.runtime …` in the project folder and returns the finished process."""

    def run(*arguments, **options):
        return subprocess.run(command(*arguments), cwd=project, capture_output=True, text=True, env=env(), **options)

    return run


@pytest.fixture(scope="session")
def start(project):
    """Like `llmc`, but returns at once."""

    def run(*arguments):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command(*arguments), cwd=project, text=True, env=env(), **pipes)

    return run


def command(*arguments):
    return [sys.executable, "-m", "llmc.runtime", *map(str, arguments)]


def env():
    # What a user's shell may carry: it must not reach the ranks.
    return os.environ | {"ACCELERATE_MIXED_PRECISION": "fp16", "OMP_NUM_THREADS": "7"}
