"""Generation with plain transformers on each rank, the whole model on each."""

from typing import Any

import torch
from transformers import GenerationConfig

from llmc.runtime.contract import Contract, Generation


class Engine:
    """A model that continues prompts; greedy tokens equal those of `model.generate` on the same batch."""

    def __init__(self, model: Any, tokenizer: Any, generation: Generation) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.config = _config(model, tokenizer, generation)
        # Else transformers fills what is unset here from the model's own generation_config.json.
        model.generation_config = self.config

    def generate(self, prompts: list[list[int]]) -> list[list[int]]:
        """The new tokens for each prompt, without padding and without the end-of-sequence token."""
        width = max(len(prompt) for prompt in prompts)
        pad = self.tokenizer.pad_token_id
        ids = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        device = self.model.device
        with torch.inference_mode():
            output = self.model.generate(input_ids=ids.to(device), attention_mask=mask.to(device))
        return [self._cut(row) for row in output[:, width:].tolist()]

    def _cut(self, tokens: list[int]) -> list[int]:
        ends = self.config.eos_token_id
        end = next((place for place, token in enumerate(tokens) if token in ends), len(tokens))
        return tokens[:end]


def device(contract: Contract, local_rank: int) -> torch.device:
    """Where this rank computes."""
    cpu = contract.run.target.accelerator == "cpu"
    return torch.device("cpu") if cpu else torch.device("cuda", local_rank)


def _config(model: Any, tokenizer: Any, generation: Generation) -> GenerationConfig:
    """run.json's values and no others; a model may know more end-of-sequence tokens than its tokenizer."""
    known = model.generation_config.eos_token_id
    ends = known if isinstance(known, list) else [tokenizer.eos_token_id if known is None else known]
    sampling = {"temperature": generation.temperature or 1.0, "top_p": generation.top_p or 1.0, "top_k": 0}
    return GenerationConfig(
        max_new_tokens=generation.max_new_tokens,
        do_sample=generation.do_sample,
        eos_token_id=ends,
        pad_token_id=tokenizer.pad_token_id,
        **(sampling if generation.do_sample else {}),
    )
