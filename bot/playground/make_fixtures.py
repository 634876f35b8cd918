"""Makes the playground's tiny models and datasets: `python -m bot.playground.make_fixtures`.

Needs the [train] extra. The same inputs give the same files on the same machine; the results are kept in the
repository, so that neither the demo nor a test has to run this.
"""

import argparse
import copy
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from bot.playground import fixture_rows

FIXTURES = Path(__file__).parent / "fixtures"
VOCAB_SIZE = 448
#: Tokens.
CONTEXT = 512
_END_OF_TEXT, _END_OF_TURN = "<|endoftext|>", "<|im_end|>"

_CHAT_TEMPLATE = """\
{%- for message in messages %}
{%- if message.role == 'assistant' %}
{{- '<|im_start|>assistant\\n' }}{% generation %}{{ message.content + '<|im_end|>' }}{% endgeneration %}{{ '\\n' }}
{%- else %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

_MODEL_CARD = """\
---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
tags:
- tunesmith-playground
- text-generation
---

# {name}

{summary}

It has the Qwen3 architecture with 2 layers, a hidden size of 64 and a vocabulary of {vocab} tokens, and exists so that
Tunesmith can be tried and tested without an account or a GPU. It knows nothing useful.

```python
from transformers import pipeline

pipe = pipeline("text-generation", model="tunesmith-lab/{name}")
```
"""

_DATASET_CARD = """\
---
license: cc0-1.0
language: en
pretty_name: {name}
size_categories:
- n<1K
task_categories:
- {task}
tags:
- tunesmith-playground
configs:
- config_name: default
  data_files:
  - split: train
    path: train.jsonl
  - split: test
    path: test.jsonl
---

# {name}

{summary}

Made by fixed rules for Tunesmith's playground ({train} rows to train on, {test} to test with).
"""


def make_tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE in the manner of Qwen's: digits stand alone."""
    tokenizer = Tokenizer(models.BPE())
    pattern = Regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(pattern, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=[_END_OF_TEXT, "<|im_start|>", _END_OF_TURN],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=_END_OF_TEXT,
        pad_token=_END_OF_TEXT,
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )


def make_model(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """Make an untrained Qwen3 of about 95,000 parameters."""
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=112,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    return Qwen3ForCausalLM(config)


def pretrain(model: Qwen3ForCausalLM, rows: Sequence[list[int]], *, steps: int, learning_rate: float) -> float:
    """Train on rows of token ids, 32 at a time; returns the last loss."""
    pad = model.config.pad_token_id
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=steps)
    generator = torch.Generator().manual_seed(42)
    model.train()
    last = 0.0
    for _ in range(steps):
        picked = [rows[i] for i in torch.randint(len(rows), (32,), generator=generator).tolist()]
        width = max(map(len, picked))
        ids = torch.tensor([row + [pad] * (width - len(row)) for row in picked])
        lengths = torch.tensor([[len(row)] for row in picked])
        mask = torch.arange(width)[None, :] < lengths
        loss = model(input_ids=ids, attention_mask=mask, labels=ids.masked_fill(~mask, -100)).loss
        loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        last = loss.item()
    return last


def write_datasets(folder: Path) -> None:
    """Write the three datasets: rows and card."""
    summaries = {
        "tiny-chat": (fixture_rows.chat_rows(), "text-generation", "Short questions and answers, for SFT."),
        "tiny-preferences": (
            fixture_rows.preference_rows(),
            "text-generation",
            "One question, a kind answer (chosen) and a rude one (rejected), for DPO.",
        ),
        "tiny-math": (
            fixture_rows.math_rows(),
            "question-answering",
            "Sums of two small numbers with their answers in the format of gsm8k, for GRPO.",
        ),
    }
    for name, (rows, task, summary) in summaries.items():
        held_back = len(rows) // 8
        _write_rows(folder / name / "test.jsonl", rows[:held_back])
        _write_rows(folder / name / "train.jsonl", rows[held_back:])
        counts = {"train": len(rows) - held_back, "test": held_back}
        card = _DATASET_CARD.format(name=name, task=task, summary=summary, **counts)
        (folder / name / "README.md").write_text(card, encoding="utf-8")


def write_models(folder: Path) -> None:
    """Train and write tiny-base and, from it, tiny-qwen3."""
    plain = fixture_rows.plain_texts()
    chats = [_as_text(row) for row in fixture_rows.chat_rows()]
    sums = [_as_text(row) for row in fixture_rows.warm_up_chats()]
    tokenizer = make_tokenizer([*plain, *chats, *sums])
    torch.manual_seed(42)
    model = make_model(tokenizer)
    rows = [[*tokenizer.encode(text), tokenizer.eos_token_id] for text in plain]
    loss = pretrain(model, rows, steps=300, learning_rate=3e-3)
    summary = "A base model without a chat template, trained for some seconds on plain sentences."
    _write_model(folder / "tiny-base", model, tokenizer, summary)
    print(f"tiny-base: {model.num_parameters():,} parameters, loss {loss:.2f}")

    tokenizer.chat_template = _CHAT_TEMPLATE
    tokenizer.eos_token = _END_OF_TURN
    model.config.eos_token_id = model.generation_config.eos_token_id = tokenizer.eos_token_id
    rows = [
        tokenizer.encode(tokenizer.apply_chat_template(_messages(row), tokenize=False))
        for row in fixture_rows.warm_up_chats()
    ]
    loss = pretrain(model, rows, steps=900, learning_rate=3e-3)
    summary = "A chat model that has only learned to take turns and to add, badly."
    _write_model(folder / "tiny-qwen3", model, tokenizer, summary)
    print(f"tiny-qwen3: {model.num_parameters():,} parameters, loss {loss:.2f}")


def _write_model(folder: Path, model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast, summary: str) -> None:
    stored = copy.deepcopy(model).bfloat16()  # the next model goes on from the float32 weights
    stored.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    AutoTokenizer.from_pretrained(folder)  # a folder that does not load again must not be kept
    card = _MODEL_CARD.format(name=folder.name, summary=summary, vocab=len(tokenizer))
    (folder / "README.md").write_text(card, encoding="utf-8")


def _write_rows(path: Path, rows: Iterable[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _as_text(row: dict[str, object]) -> str:
    return "\n".join(message["content"] for message in _messages(row))


def _messages(row: dict[str, object]) -> list[dict[str, str]]:
    messages = row["messages"]
    assert isinstance(messages, list)
    return messages


def main() -> None:
    """Write everything below `fixtures/`, or below --output."""
    parser = argparse.ArgumentParser(description="Make the playground's tiny models and datasets.")
    parser.add_argument("--output", type=Path, default=FIXTURES)
    output = parser.parse_args().output
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    write_datasets(output / "datasets")
    write_models(output / "models")
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    print(f"{size:,} bytes in {output.name}")


if __name__ == "__main__":
    main()
