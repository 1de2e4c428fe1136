"""A project on disk, as a user has it: a small Llama, its tokenizer, and data from real English."""

import json
from pathlib import Path
from typing import Any

CHAT_TEMPLATE = (
    "{% for message in messages %}<s>{{ message['role'] }}\n{{ message['content'] }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)


def paragraphs() -> list[str]:
    """What the licence of this project says."""
    text = (Path(__file__).parents[2] / "LICENSE").read_text(encoding="utf-8")
    blocks = (" ".join(block.split()) for block in text.split("\n\n"))
    return [block for block in blocks if len(block) > 40]


def tokenizer() -> Any:
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


def make(root: Path, tokenizer: Any) -> None:
    """Fill a folder with model/, data/train.jsonl, data/heldout.jsonl, data/chat.jsonl and data/text/."""
    from transformers import LlamaConfig, LlamaForCausalLM, set_seed

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
    _write(root / "data" / "train.jsonl", rows[:37])
    _write(root / "data" / "heldout.jsonl", rows[37:])
    turns = (("user", "prompt"), ("assistant", "completion"))
    chats = [{"messages": [{"role": role, "content": row[key]} for role, key in turns]} for row in rows[:37]]
    _write(root / "data" / "chat.jsonl", chats)
    for number, paragraph in enumerate(paragraphs()):
        (root / "data" / "text" / f"{number:03}.txt").write_text(paragraph, encoding="utf-8")


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
