"""Train the tokenizer of this experiment, a byte-level BPE of 1,024 tokens, on data/jargon.txt.

    python experiments/from-scratch/make_tokenizer.py

It needs the library tokenizers. The same text gives the same files.
"""

import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = Path(__file__).resolve().parent
SIZE = 1024
# Ends a text; also pads, since padding is masked everywhere.
END = "<|endoftext|>"


def train(text: Path) -> Tokenizer:
    """A tokenizer that knows every byte, and the most frequent pieces of the text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=SIZE, special_tokens=[END], initial_alphabet=alphabet, show_progress=False)
    tokenizer.train([str(text)], trainer)
    return tokenizer


def save(tokenizer: Tokenizer, folder: Path) -> None:
    """Write what AutoTokenizer.from_pretrained(folder) needs, and no more."""
    folder.mkdir(exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END, "pad_token": END}
    (folder / "tokenizer_config.json").write_text(f"{json.dumps(config, indent=2)}\n", encoding="utf-8")


if __name__ == "__main__":
    save(train(HERE / "data" / "jargon.txt"), HERE / "tokenizer")
