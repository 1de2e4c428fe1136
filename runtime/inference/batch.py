"""Batch inference on one rank: its share of the rows, batch by batch, resumable."""

import os
import time
from typing import Any

from transformers import set_seed

from llmc.runtime import modeling
from llmc.runtime.contract import Contract, InferenceRun
from llmc.runtime.data.formats import Messages, PromptCompletion, Row, read
from llmc.runtime.data.tokenise import Encoder
from llmc.runtime.inference import shards, transformers
from llmc.runtime.refusal import Refusal
from llmc.runtime.session import Session


def run(contract: Contract, session: Session) -> dict[str, Any]:
    """Generate for this rank's rows; returns the number of batches. Needs no word with other ranks."""
    run = contract.run
    assert isinstance(run, InferenceRun)
    rank, ranks = session.rank, session.ranks
    source = run.data.input
    rows = list(read(source, contract.path(source.path)))
    mine = shards.share(len(rows), rank, ranks)
    size = run.inference.batch_size
    shard = shards.path(session.record, rank)
    done = shards.keep_whole_batches(shard, size, len(mine))
    session.say("loading model")
    engine, encoder = _load(contract, run)
    session.say("generating", step=-(-done // size), total_steps=-(-len(mine) // size))
    clock = _Clock(session)
    for start in range(done, len(mine), size):
        numbers = mine[start : start + size]
        # One seed per batch: what is sampled depends neither on earlier batches nor on an interruption.
        set_seed(run.inference.generation.seed + numbers[0])
        batch = _generate(engine, encoder, [rows[number] for number in numbers], numbers)
        shards.write(shard, [row for row, _ in batch])
        clock.tick(start // size + 1, start + len(numbers), sum(tokens for _, tokens in batch))
    return {"steps": -(-len(mine) // size)}


def _load(contract: Contract, run: InferenceRun) -> tuple[transformers.Engine, Encoder]:
    tokenizer = modeling.load_tokenizer(contract)
    model = modeling.load_for_inference(contract)
    model.to(transformers.device(contract, int(os.environ["LOCAL_RANK"])))
    return transformers.Engine(model, tokenizer, run.inference.generation), Encoder(tokenizer)


def _generate(
    engine: transformers.Engine, encoder: Encoder, rows: list[Row], numbers: range
) -> list[tuple[dict[str, Any], int]]:
    """A row of predictions.jsonl for each input row, and how many tokens were generated."""
    prompts = encoder.prompts(rows)
    for number, prompt in zip(numbers, prompts, strict=True):
        if not prompt:
            raise Refusal("LLM520", f"input row {number} (counted from 0) has an empty prompt: nothing to continue")
    batch = []
    for number, row, tokens in zip(numbers, rows, engine.generate(prompts), strict=True):
        text = encoder.tokenizer.decode(tokens, skip_special_tokens=True)
        batch.append(({"row": number, **_asked(row), "completion": text, "reference": _reference(row)}, len(tokens)))
    return batch


def _asked(row: Row) -> dict[str, Any]:
    """The prompt as it was in the input: a text, or the conversation up to the reference."""
    match row:
        case PromptCompletion(prompt, _):
            return {"prompt": prompt}
        case Messages(messages):
            asked = messages[:-1] if messages[-1].role == "assistant" else messages
            return {"prompt": [{"role": message.role, "content": message.content} for message in asked]}
    return {"prompt": row.text}


def _reference(row: Row) -> str | None:
    match row:
        case PromptCompletion(_, completion):
            return completion
        case Messages(messages) if messages[-1].role == "assistant":
            return messages[-1].content
    return None


class _Clock:
    """Writes a row of metrics.jsonl per batch of the first rank; its tokens and rows are that rank's alone."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.began = self.last = time.monotonic()
        self.tokens = 0

    def tick(self, step: int, rows: int, tokens: int) -> None:
        """A batch is written: `rows` in all, `tokens` new ones."""
        now = time.monotonic()
        rate, self.last = tokens / max(now - self.last, 1e-9), now
        self.tokens += tokens
        if self.session.rank == 0:
            row: dict[str, Any] = {"step": step, "rank": 0, "rows": rows, "tokens": self.tokens}
            row |= {"tokens_per_second": round(rate, 1), "elapsed": round(now - self.began, 3)}
            self.session.record.metric(row)
