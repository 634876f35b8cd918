"""Which methods a dataset serves and how its columns become what the trainer takes.

Pure: feature types and sample rows in, verdicts out. Does not read the Hub; does not choose hardware or lengths.
What TRL 1.16 accepts: https://huggingface.co/docs/trl/v1.16.0/dataset_formats (and what it silently does wrong with
near misses: it tests for `prompt` first, so a `prompt` column beside `messages` breaks SFT with KeyError
'completion', and a question that is not named `prompt` is lost in DPO).

How each kind of ColumnMapping builds a row (the script does exactly this, and drops every column not named):

as_is, rename        target column = source column
pairs_to_messages    messages = [system?, user: prompt + blank line + input?, assistant: completion]
sharegpt             messages = [{role: role map of from, content: value}]
prompt_from_question prompt = [{role: user, content: prompt}]
implicit_prompt      chosen and rejected are whole conversations; a `prompt` beside them is dropped
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal

from bot.errors import UserError
from bot.models import ColumnMapping, DatasetInfo, Method, Value
from bot.planning.columns import ROLES, Kind, kind_of, need_translation, roles, text_of, turns

#: Names that published sets use, most telling first. Source: LLaMA-Factory data/dataset_info.json, ms-swift
#: swift/dataset/preprocessor, TRL docs, and the cards of the sets themselves.
_QUESTIONS = (
    *("prompt", "question", "problem", "instruction", "query", "input", "task", "request", "user"),
    *("article", "document", "context"),
)
_COMPLETIONS = (
    *("completion", "response", "output", "answer", "solution", "assistant", "target", "generation"),
    *("generated_solution", "highlights", "summary"),
)
_REFERENCES = ("answer", "ground_truth", "solution", "reference", "expected_answer", "final_answer", "target", "label")
_CONVERSATIONS = ("messages", "conversations", "conversation", "dialogue", "dialog", "chat")
_TEXTS = ("text", "content")
_PAIRS = (
    ("chosen", "rejected"),
    ("chosen_response", "rejected_response"),
    ("response_chosen", "response_rejected"),
    ("preferred", "dispreferred"),
)
_NEEDS = {
    Method.SFT: "`messages`, or `prompt` and `completion` (also instruction/output or question/answer), or `text`",
    Method.DPO: "`chosen` and `rejected`, with or without `prompt`",
    Method.GRPO: "`prompt` (also question or problem), and best an `answer` or `solution`",
}
#: A reference answer that a reward can compare exactly is at most this long.
_SHORT_ANSWER = 40


class Status(StrEnum):
    """How well a dataset serves a method."""

    #: TRL takes it as it is.
    READY = "ready"
    #: Our script converts it, row by row.
    MAPPABLE = "mappable"
    NO = "no"


class Verdict(Value):
    """What one method can do with a dataset."""

    method: Method
    status: Status
    #: None when the status is NO.
    mapping: ColumnMapping | None = None
    #: A full sentence for people: how it is read, or why it does not fit.
    reason: str
    #: Further sentences that a careful person would want to read.
    warnings: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        return self.mapping is not None


class _Table:
    """The columns by what they hold."""

    def __init__(self, features: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows = rows
        self.kinds = {name: kind_of(name, feature) for name, feature in features.items()}
        self._by_low = {name.lower(): name for name in reversed(list(features))}

    def first(self, names: Sequence[str], *kinds: Kind) -> str | None:
        for low in names:
            name = self._by_low.get(low)
            if name is not None and self.kinds[name] in kinds:
                return name
        return None

    def all_short(self, name: str) -> bool:
        cells = [text_of(row.get(name)) for row in self.rows]
        return bool(cells) and all(0 < len(cell.strip()) <= _SHORT_ANSWER for cell in cells)

    @property
    def media(self) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind is Kind.MEDIA]


def judge(features: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[Method, Verdict]:
    """Give a verdict for each method."""
    table = _Table(features, rows)
    if table.media:
        told = ", ".join(f"`{name}`" for name in table.media)
        why = f"Column {told} holds images or sound, and Tunesmith trains text models only."
        return {method: Verdict(method=method, status=Status.NO, reason=why) for method in Method}
    return {
        Method.SFT: _sft(table),
        Method.DPO: _dpo(table),
        Method.GRPO: _grpo(table),
    }


def recommend(verdicts: Mapping[Method, Verdict], rows: Sequence[Mapping[str, Any]]) -> Method | None:
    """The method that the data was made for: pairs for DPO, demonstrations for SFT, bare references for GRPO."""
    if verdicts[Method.DPO].fits:
        return Method.DPO
    sft, grpo = verdicts[Method.SFT].mapping, verdicts[Method.GRPO].mapping
    if sft is not None and grpo is not None and grpo.answer and sft.columns.get("completion") == grpo.answer:
        answers = [text_of(row.get(grpo.answer)).strip() for row in rows]
        if answers and all(len(answer) <= _SHORT_ANSWER for answer in answers):
            return Method.GRPO
    if sft is not None:
        return Method.SFT
    return Method.GRPO if grpo is not None else None


def choose_method(dataset: DatasetInfo, method: Method | None) -> Verdict:
    """Take the method that was named, or the recommended one.

    Raises:
        UserError: the dataset fits no method, or not the one that was named.
    """
    verdicts = judge(dataset.features, dataset.rows)
    best = recommend(verdicts, dataset.rows)
    fitting = [name for name, verdict in verdicts.items() if verdict.fits]
    has = ", ".join(f"`{name}`" for name in dataset.features) or "no columns"
    if method is None:
        if best is not None:
            return verdicts[best]
        why = verdicts[Method.SFT].reason
        raise UserError(
            f"Dataset `{dataset.repo_id}` has columns {has}, and none of SFT, DPO and GRPO can train on them. {why}",
            f"SFT needs {_NEEDS[Method.SFT]}; DPO needs {_NEEDS[Method.DPO]}; GRPO needs {_NEEDS[Method.GRPO]}.",
        )
    verdict = verdicts[method]
    if verdict.fits:
        return verdict
    problem = (
        f"Dataset `{dataset.repo_id}` has columns {has}; {method.upper()} needs {_NEEDS[method]}. {verdict.reason}"
    )
    if fitting:
        others = " or ".join(f"method={name}" for name in sorted(fitting, key=lambda name: name != best))
        raise UserError(problem, f"Use {others} with this dataset, or name a dataset that has these columns.")
    raise UserError(problem, "Name another dataset: this one fits none of SFT, DPO and GRPO.")


def _sft(table: _Table) -> Verdict:
    for column in table.kinds:
        if column.lower() not in _CONVERSATIONS:
            continue
        if table.kinds[column] in (Kind.MESSAGES, Kind.SHAREGPT):
            return _sft_conversation(table, column)
    prompt = table.first(("prompt",), Kind.TEXT, Kind.MESSAGES)
    completion = table.first(("completion",), Kind.TEXT, Kind.MESSAGES)
    if prompt and completion and table.kinds[prompt] is table.kinds[completion]:
        return _exact(Method.SFT, {"prompt": prompt, "completion": completion}, "Prompts with their completions.")
    pair = table.first(_PAIR_CHOSEN, Kind.TEXT, Kind.MESSAGES)
    question = table.first(_QUESTIONS, Kind.TEXT)
    if table.first(("input",), Kind.TEXT) and table.first(("output",), Kind.TEXT):
        # the Alpaca layout; its `prompt` or `text`, when there is one, repeats the three in a template
        question = table.first(("instruction",), Kind.TEXT) or question
    if pair is None and question is not None:
        answers = tuple(name for name in _COMPLETIONS if name != question.lower())
        answer = table.first(answers, Kind.TEXT)
        if answer is not None:
            return _sft_pairs(table, question, answer)
    if pair is not None:
        return _sft_chosen(table, pair)
    text = table.first(_TEXTS, Kind.TEXT)
    if text is None:
        readable = [name for name, kind in table.kinds.items() if kind is Kind.TEXT and name.lower() not in _QUESTIONS]
        text = readable[0] if len(table.kinds) == 1 and readable else None
    if text is not None:
        verdict = _exact(Method.SFT, {"text": text}, f"Running text in `{text}`.")
        # TRL would take a column of this name for token labels
        clash = "labels" in table.kinds
        return verdict.model_copy(update={"status": Status.MAPPABLE}) if clash else verdict
    return _no(Method.SFT, "No column holds a conversation, an answer to a question, or running text.")


_PAIR_CHOSEN = tuple(chosen for chosen, _ in _PAIRS)


def _sft_conversation(table: _Table, column: str) -> Verdict:
    said = roles(table.rows, column)
    if table.rows and "assistant" not in said:
        return _no(Method.SFT, f"`{column}` holds no turn of the assistant, so there is no answer to imitate.")
    unknown = sorted(said - ROLES)
    if unknown:
        told = ", ".join(f"`{role}`" for role in unknown)
        return _no(Method.SFT, f"`{column}` has turns by {told}, and no chat template knows such a role.")
    translated = table.kinds[column] is Kind.SHAREGPT or need_translation(table.rows, column)
    warnings = _turn_warnings(table.rows, column, translated=translated)
    if translated:
        system = table.first(("system", "system_prompt"), Kind.TEXT)
        columns = {"messages": column} | ({"system": system} if system and "system" not in said else {})
        mapping = ColumnMapping(kind="sharegpt", columns=columns)
        reason = (
            f"Conversations in `{column}`; the names of the roles are translated (human to user, gpt to assistant)."
        )
        return Verdict(method=Method.SFT, status=Status.MAPPABLE, mapping=mapping, reason=reason, warnings=warnings)
    verdict = _exact(Method.SFT, {"messages": column}, f"Conversations in `{column}`.")
    if table.first(("prompt",), *Kind) is None:
        return verdict.model_copy(update={"warnings": warnings})
    dropped = "The column `prompt` beside them is left out: TRL would take each row for a prompt with a completion."
    return verdict.model_copy(update={"status": Status.MAPPABLE, "warnings": (dropped, *warnings)})


#: What happens depends on the template, which the planner does not run.
_BLANK = (
    ". Some chat templates make it empty; others stop the job before its first step. Better take these rows out first."
)


def _turn_warnings(rows: Sequence[Mapping[str, Any]], column: str, *, translated: bool) -> tuple[str, ...]:
    """Find rows without messages, which the script drops, and messages without content.

    Translated messages get an empty text instead. Others meet the model's chat template as they are: `datasets` drops
    the missing key, and `message.content + ...` fails while TRL prepares the rows, where `message.content is string`
    and `{{ message.content }}` make it empty (tried with TRL 1.16 on the playground's models).
    """
    empty = sum(not turns(row.get(column)) for row in rows)
    blank = sum(any(turn.get("content", turn.get("value")) is None for turn in turns(row.get(column))) for row in rows)
    found = []
    if empty:
        found.append(f"{empty} of the first {len(rows)} rows have no messages in `{column}`; they are left out.")
    if blank:
        found.append(
            f"{blank} of the first {len(rows)} rows have a message without content in `{column}`"
            + ("; it counts as empty." if translated else _BLANK)
        )
    return tuple(found)


def _sft_pairs(table: _Table, question: str, answer: str) -> Verdict:
    columns = {"prompt": question, "completion": answer}
    extra = table.first(("input", "context"), Kind.TEXT)
    if extra is not None and extra != question and question.lower() == "instruction":
        columns["input"] = extra
    system = table.first(("system", "system_prompt"), Kind.TEXT)
    if system is not None:
        columns["system"] = system
    mapping = ColumnMapping(kind="pairs_to_messages", columns=columns)
    asks = " with ".join(f"`{name}`" for name in (question, columns.get("input")) if name)
    reason = f"{asks} becomes the user's turn and `{answer}` the assistant's."
    warnings: tuple[str, ...] = ()
    if table.all_short(answer):
        warnings = (f"`{answer}` holds only short final answers: GRPO would reward them, SFT can only repeat them.",)
    return Verdict(method=Method.SFT, status=Status.MAPPABLE, mapping=mapping, reason=reason, warnings=warnings)


def _sft_chosen(table: _Table, chosen: str) -> Verdict:
    """Preference pairs serve SFT with the chosen answer alone."""
    reason = f"Only the preferred answers in `{chosen}` are trained on."
    if table.kinds[chosen] is Kind.MESSAGES:
        if "user" not in roles(table.rows, chosen) and table.rows:
            return _no(Method.SFT, f"`{chosen}` holds answers without the question; DPO can use this dataset.")
        return _exact(Method.SFT, {"messages": chosen}, reason)
    question = table.first(_QUESTIONS, Kind.TEXT)
    if question is None:
        return _exact(Method.SFT, {"text": chosen}, reason)
    mapping = ColumnMapping(kind="pairs_to_messages", columns={"prompt": question, "completion": chosen})
    return Verdict(method=Method.SFT, status=Status.MAPPABLE, mapping=mapping, reason=reason)


def _dpo(table: _Table) -> Verdict:
    for good, bad in _PAIRS:
        chosen = table.first((good,), Kind.TEXT, Kind.MESSAGES)
        rejected = table.first((bad,), Kind.TEXT, Kind.MESSAGES)
        if chosen is None or rejected is None or table.kinds[chosen] is not table.kinds[rejected]:
            continue
        if table.kinds[chosen] is Kind.MESSAGES:
            return _dpo_conversations(table, chosen, rejected)
        columns = {"chosen": chosen, "rejected": rejected}
        question = table.first(_QUESTIONS, Kind.TEXT)
        if question is not None:
            columns = {"prompt": question, **columns}
            return _exact(Method.DPO, columns, f"Two answers to each `{question}`, one preferred.")
        if not _shared_start(table.rows, chosen, rejected):
            return _no(Method.DPO, f"No column holds the question that `{chosen}` and `{rejected}` answer.")
        return _exact(Method.DPO, columns, "Pairs whose common beginning is the prompt.")
    return _no(Method.DPO, "No two columns hold a preferred and a rejected answer to the same question.")


def _dpo_conversations(table: _Table, chosen: str, rejected: str) -> Verdict:
    columns = {"chosen": chosen, "rejected": rejected}
    if "user" in roles(table.rows, chosen) or not table.rows:
        mapping = ColumnMapping(kind="implicit_prompt", columns=columns)
        reason = "Pairs of whole conversations; the turns that they share are the prompt."
        beside = table.first(("prompt",), *Kind)
        ready = beside is None and (chosen, rejected) == ("chosen", "rejected")
        warnings = ("The column `prompt` beside them is left out: the conversations hold it.",) if beside else ()
        return Verdict(
            method=Method.DPO,
            status=Status.READY if ready else Status.MAPPABLE,
            mapping=mapping,
            reason=reason,
            warnings=warnings,
        )
    prompt = table.first(("prompt",), Kind.MESSAGES)
    if prompt is None:
        return _no(Method.DPO, f"`{chosen}` holds only the answer, and no column holds the conversation before it.")
    return _exact(Method.DPO, {"prompt": prompt, **columns}, "Two answers to each conversation, one preferred.")


def _shared_start(rows: Sequence[Mapping[str, Any]], chosen: str, rejected: str) -> bool:
    """True when each pair of texts starts alike for longer than chance: TRL takes that as the prompt."""
    for row in rows:
        left, right = text_of(row.get(chosen)), text_of(row.get(rejected))
        same = next(
            (n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
        )
        if same < 12:
            return False
    return True


def _grpo(table: _Table) -> Verdict:
    prompt = table.first(("prompt",), Kind.MESSAGES)
    if prompt is None:
        asked = table.first(_CONVERSATIONS, Kind.MESSAGES)
        prompt = asked if asked is not None and roles(table.rows, asked) <= {"user", "system"} else None
    if prompt is None:
        prompt = table.first(_QUESTIONS, Kind.TEXT)
    if prompt is None:
        return _no(Method.GRPO, "No column holds a question that the model could try to answer.")
    # our reward compares text and numbers, so a list of tests is no answer to it
    references = tuple(name for name in _REFERENCES if name != prompt.lower())
    answer = table.first(references, Kind.TEXT, Kind.NUMBER, Kind.BOOL)
    if answer is None and prompt != "prompt":
        return _no(Method.GRPO, f"`{prompt}` has no reference answer beside it that a reward could compare with.")
    reason = f"Questions in `{prompt}`" + (f", judged against `{answer}`." if answer else ".")
    warnings = () if answer else ("No column holds a reference answer: rewards can judge the form only.",)
    columns = {"prompt": prompt}
    kind: Literal["as_is", "rename", "prompt_from_question"]
    if table.kinds[prompt] is Kind.TEXT:
        kind = "prompt_from_question"
    else:
        columns |= {"answer": answer} if answer else {}
        kind = "as_is" if all(target == source for target, source in columns.items()) else "rename"
    return Verdict(
        method=Method.GRPO,
        status=Status.READY if prompt == "prompt" and answer else Status.MAPPABLE,
        mapping=ColumnMapping(kind=kind, columns=columns, answer=answer),
        reason=reason,
        warnings=warnings,
    )


def _exact(method: Method, columns: dict[str, str], reason: str) -> Verdict:
    """Columns that are taken over as they are, renamed where their names differ."""
    same = all(target == source for target, source in columns.items())
    return Verdict(
        method=method,
        status=Status.READY if same else Status.MAPPABLE,
        mapping=ColumnMapping(kind="as_is" if same else "rename", columns=columns),
        reason=reason,
    )


def _no(method: Method, reason: str) -> Verdict:
    return Verdict(method=method, status=Status.NO, reason=reason)
