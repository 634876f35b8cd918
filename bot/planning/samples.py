"""Sample rows as the trainer would tokenize them, and what the tokenizer made of them.

Pure: the rows go through the script's own conversion (bot/rows); rendering and counting happen elsewhere.
What TRL 1.16 tokenizes: https://huggingface.co/docs/trl/v1.16.0/dataset_formats; it ends running text with the
end-of-text token and writes messages by the chat template.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.errors import UserError
from bot.models import Counted, DatasetInfo, Method, ModelInfo, Passage, Value
from bot.planning.formats import Verdict
from bot.planning.lengths import Lengths
from bot.rows import converted

#: Characters of the example that a plan keeps: its beginning and its end.
_EXAMPLE_HEAD, _EXAMPLE_TAIL = 900, 400
#: What the script gives a model without a chat template (templates/scripts; a test compares the two).
PLAIN_TEMPLATE = """\
{%- for message in messages %}
{{- message.role + ':\\n' }}
{%- if message.role == 'assistant' %}
{%- generation %}{{- message.content + eos_token }}{%- endgeneration %}
{%- else %}
{{- message.content }}
{%- endif %}
{{- '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- 'assistant:\\n' }}
{%- endif %}
"""


class Sample(Value):
    """Rows that are to be tokenized."""

    #: Of each row the sequences that it is trained as: one, or two for a pair of answers.
    rows: tuple[tuple[Passage, ...], ...]
    #: The chat template that writes messages; None: the rows hold none, or its text is not known.
    template: str | None
    #: False: messages whose template is not known.
    readable: bool = True

    @property
    def passages(self) -> list[Passage]:
        return [passage for row in self.rows for passage in row]


def take_sample(model: ModelInfo, dataset: DatasetInfo, verdict: Verdict) -> Sample:
    """Turn the sample rows into what will be tokenized."""
    assert verdict.mapping is not None
    end = model.special_tokens.get("eos_token", "")
    rows = tuple(
        tuple(_passages(row, verdict.method, end))
        for row in converted((*dataset.rows, *dataset.more_rows), verdict.mapping)
    )
    talks = any(passage.messages for row in rows for passage in row)
    template = model.chat_template if model.has_chat_template else PLAIN_TEMPLATE
    return Sample(rows=rows, template=template if talks else None, readable=template is not None or not talks)


def counted_lengths(sample: Sample, counted: Counted | None) -> Lengths | None:
    """The lengths that the tokenizer counted; None: it could not."""
    if counted is None or not counted.lengths or not sample.rows:
        return None
    lengths = iter(counted.lengths)
    longest = tuple(max(1, *(next(lengths) for _ in row)) for row in sample.rows)
    return Lengths(sequences=longest, per_row=max(map(len, sample.rows)), counted=True)


def check_template(model: ModelInfo, dataset: DatasetInfo, counted: Counted | None) -> None:
    """Refuse rows that the chat template refuses: the job would stop at its start.

    Raises:
        UserError: the template's own words say why.
    """
    if counted is not None and counted.problem:
        raise UserError(
            f"The chat template of {model.repo_id} cannot write the rows of {dataset.repo_id}: {counted.problem}",
            "Name a model whose template takes such rows, or a dataset without what it refuses (often a system turn, or"
            " two turns of the same role in a row).",
        )


def example_of(counted: Counted | None) -> str:
    """The first row as the trainer reads it, shortened in its middle; "" when it was not written."""
    text = counted.shown[0] if counted is not None and counted.shown else ""
    if len(text) <= _EXAMPLE_HEAD + _EXAMPLE_TAIL:
        return text
    left_out = f"[... {len(text) - _EXAMPLE_HEAD - _EXAMPLE_TAIL:,} characters ...]"
    return f"{text[:_EXAMPLE_HEAD]}\n{left_out}\n{text[-_EXAMPLE_TAIL:]}"


def _passages(row: Mapping[str, Any], method: Method, end: str) -> Iterator[Passage]:
    prompt = row.get("prompt")
    if method is Method.GRPO:
        yield _join(prompt, None, end="", ask=True)
    elif "chosen" in row:
        yield _join(prompt, row["chosen"], end=end)
        yield _join(prompt, row["rejected"], end=end)
    elif "completion" in row:
        yield _join(prompt, row["completion"], end=end)
    else:
        yield _join(row.get("messages") or row.get("text"), None, end=end)


def _join(first: Any, second: Any, *, end: str, ask: bool = False) -> Passage:
    parts = [part for part in (first, second) if part is not None]
    if any(isinstance(part, list) for part in parts):
        return Passage(messages=tuple(turn for part in parts if isinstance(part, list) for turn in part), ask=ask)
    return Passage(text="".join(map(str, parts)) + end)
