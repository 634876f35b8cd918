"""Prompts and answers that are plain texts, for a model that knows turns: each becomes one, or stays as it is.

Pure. TRL 1.16 writes messages by the chat template and texts without it, silently
(https://huggingface.co/docs/trl/v1.16.0/dataset_formats): an instruct model that is trained on bare texts learns what
nobody meets who talks to it.
"""

import re
from collections.abc import Sequence

from bot.models import ColumnMapping, DatasetInfo, ModelInfo, TrainingRequest
from bot.planning.formats import choose_method
from bot.planning.verdict import Verdict, call
from bot.rows import converted, holds_messages
from bot.rows.functions import TURN

_ANSWERS = frozenset({"completion", "chosen", "rejected"})
#: What chat templates write between turns.
_MARKS = re.compile(r"<\|[\w-]+\|>|\[/?INST\]|<(?:start|end)_of_turn>|</?s>|<(?:bos|eos)>")
#: The share of the prompts that decides: a few are always odd.
_MOST = 0.5


def choose_format(request: TrainingRequest, model: ModelInfo, dataset: DatasetInfo) -> Verdict:
    """How the rows reach the trainer: by the method, and with the model's chat template where that is meant.

    Raises:
        UserError: the dataset does not fit, as `choose_method` says.
    """
    return in_turns(choose_method(dataset, request.method), model, dataset, request.chat_template)


def in_turns(verdict: Verdict, model: ModelInfo, dataset: DatasetInfo, wanted: bool | None) -> Verdict:
    """The verdict with texts made turns, where the model has a chat template and nothing speaks against it."""
    mapping = verdict.mapping
    if mapping is None or not model.has_chat_template or not _ANSWERS & mapping.columns.keys():
        return verdict
    if holds_messages(mapping, dataset.features):
        return verdict
    pairs = _pairs(mapping, dataset)
    if not pairs:
        return _left_out(verdict, "question and answer are one text" if dataset.rows else "no row could be read")
    if wanted is False:
        return _left_out(verdict, "as you said")
    if wanted is None and (why := _why_bare(pairs)):
        return _left_out(verdict, f"{why}; to use it all the same, say chat_template=yes")
    turns = {name: call("reply", mapping.columns[name]) for name in sorted(_ANSWERS & mapping.columns.keys())}
    columns = mapping.columns | turns | {"prompt": call("question", mapping.columns["prompt"])}
    return verdict.model_copy(
        update={
            "mapping": mapping.model_copy(update={"columns": columns}),
            "template": "plain texts become turns, as when people talk to it; to train on bare texts, say"
            " chat_template=no",
        }
    )


def _why_bare(pairs: Sequence[tuple[str, str]]) -> str:
    """Why prompts and answers are pieces of one text rather than turns; "": they are not."""
    if sum(answer[:1].isspace() for _, answer in pairs) > _MOST * len(pairs):
        return "each answer goes on where its prompt ends"
    if sum(map(_is_written_out, pairs)) > _MOST * len(pairs):
        return "the texts say who speaks"
    return ""


def _is_written_out(pair: tuple[str, str]) -> bool:
    """True for texts with the marks of a chat, or whose prompt begins or ends with a speaker: "... Assistant:"."""
    prompt, answer = pair
    marks = list(TURN.finditer(prompt))
    speaks = bool(marks) and (not prompt[: marks[0].start()].strip() or not prompt[marks[-1].end() :].strip())
    return speaks or _MARKS.search(prompt + answer) is not None


def _left_out(verdict: Verdict, why: str) -> Verdict:
    return verdict.model_copy(update={"template": why})


def _pairs(mapping: ColumnMapping, dataset: DatasetInfo) -> Sequence[tuple[str, str]]:
    """Prompts of the sample rows with an answer each; none where anything but texts stands there."""
    if "prompt" not in mapping.columns:
        return ()
    answers = sorted(_ANSWERS & mapping.columns.keys())
    rows = converted(dataset.rows, mapping)
    if not all(isinstance(row[name], str) for row in rows for name in ("prompt", *answers)):
        return ()
    return [(row["prompt"], row[answers[0]]) for row in rows]
