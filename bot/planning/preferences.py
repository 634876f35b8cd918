"""What preference methods can compare: pairs for DPO and reward models, answers with a verdict for KTO.

Pure. TRL 1.16 takes what both answers share for the prompt when there is no `prompt` column: whole turns of
conversations, characters of texts. So a question under another name beside texts would be lost, silently; and a text
`prompt` beside conversations ends DPOTrainer with a TypeError.
"""

from collections.abc import Mapping

from bot.models import Method
from bot.models.mapping import Expression
from bot.planning.columns import ROLES, Kind, role_words, translated_roles
from bot.planning.content import is_prose
from bot.planning.demonstrations import prompt_turns
from bot.planning.names import head
from bot.planning.pairs import Pair
from bot.planning.reading import Reading
from bot.planning.table import Slot, Table
from bot.planning.talks import as_messages, as_prompt, conversations, in_parts, is_answered, is_open, leads, scattered
from bot.planning.verdict import Verdict, asked, call, first_of, no, polar_names, says, told, yes
from bot.rows.functions import NO, YES

#: Names under which data says whether an answer is a good one.
_GOOD = {
    *("label", "is_safe", "is_good", "is_correct", "correct", "desirable", "is_desirable", "thumbs_up", "liked"),
    *("accepted", "good", "kto_tag", "is_chosen", "is_accepted", "passed", "upvoted", "positive", "preference"),
    *("is_helpful", "helpful", "safe", "is_response_safe", "feedback"),
}
#: Words of names of columns that say in words what somebody thought of an answer.
_OPINIONS = {"feedback", "thumb", "thumbs", "vote", "rating", "reaction", "verdict", "opinion", "label", "judgement"}
#: What answers are called beside a label of 0 and 1; beside "answer" it may be the right option.
_JUDGED = ("response", "completion", "reply", "output", "generation")
#: Two texts that begin alike for fewer characters than this do so by chance.
_SHARED_CHARACTERS = 12


def judge_pairs(method: Method, table: Table, reading: Reading, pair: Pair | None) -> Verdict:
    """DPO and reward models, which take the same data."""
    if pair is None:
        reason = scattered(table) or "No two columns hold a preferred and a rejected answer to the same question."
        return no(method, reason)
    names = told(pair.slots)
    plain = (pair.chosen, pair.rejected) == ("chosen", "rejected")
    prompt = table.columns.get("prompt")
    if pair.kind in (Kind.MESSAGES, Kind.SHAREGPT):
        return _whole_conversations(method, table, pair, prompt, plain=plain)
    if pair.kind is Kind.TEXTS:
        if prompt is None or prompt.kind is not Kind.TEXTS:
            return no(method, f"No column holds the turns that {names} answer.")
        columns = {name: call("interleaved", prompt.source, side) for name, side in pair.sides}
        return _kept(method, columns, f"Two conversations over each list in {prompt.told}, one preferred{pair.how}.")
    talk = [slot for slot in table.columns.values() if slot.kind in (Kind.MESSAGES, Kind.SHAREGPT)]
    talk = [slot for slot in talk if not is_answered(slot, sampled=table.sampled)] or talk
    if talk and (pair.kind is Kind.TURN or reading.question is None or leads(talk, sampled=table.sampled)):
        one = pair.kind is Kind.TURN
        columns = {
            name: call("translated", call("both", side)) if one else call("reply", side) for name, side in pair.sides
        }
        reason = f"Two answers to each conversation in {talk[0].told}, one preferred{pair.how}."
        return yes(method, {"prompt": call("opened", talk[0].source), **columns}, reason)
    if pair.kind is Kind.TURN:
        return no(method, f"No column holds the conversation that {names} continue.")
    if reading.question is None:
        if not _shared_start(pair):
            return no(method, f"No column holds the question that {names} answer.")
        return yes(method, dict(pair.sides), "Pairs whose common beginning is the prompt.")
    reason = f"Two answers to each {told(reading.prompt)}, one preferred{pair.how}."
    text = asked(reading.prompt, reading.options)
    ready = plain and text == "prompt"
    if reading.system is None:
        return yes(method, {"prompt": text, **dict(pair.sides)}, reason, ready=ready)
    columns = {name: call("reply", side) for name, side in pair.sides}
    return yes(method, {"prompt": prompt_turns(reading), **columns}, reason, ready=ready)


def _whole_conversations(method: Method, table: Table, pair: Pair, prompt: Slot | None, *, plain: bool) -> Verdict:
    words = {word for slot in pair.slots for word in role_words(slot.values)}
    known = translated_roles(words) <= ROLES | {""}
    if not known:
        names = ", ".join(f"`{word}`" for word in sorted(translated_roles(words) - ROLES))
        return no(method, f"{told(pair.slots)} have turns by {names}, and no chat template knows such a role.")
    translate = pair.kind is Kind.SHAREGPT or not words <= ROLES or any(map(in_parts, pair.slots))
    columns = {name: call("translated", side) if translate else side for name, side in pair.sides}
    if "user" in translated_roles(words) or not table.sampled:
        reason = f"Pairs of whole conversations, one preferred{pair.how}; the turns that they share are the prompt."
        if prompt is None:
            return _kept(method, columns, reason, ready=plain and not translate)
        return _kept(method, columns, reason, "The column `prompt` beside them is left out: the conversations hold it.")
    talk = [slot for slot in conversations(table) if slot.column not in pair.columns]
    before = prompt or (talk[0] if talk else None)
    if before is None:
        told_by = f"{pair.slots[0].told} holds only the answer, and no column holds the conversation before it."
        return no(method, told_by)
    turns = as_prompt(before) if before.kind is not Kind.TEXT else call("question", before.source)
    return yes(method, {"prompt": turns, **columns}, f"Two answers to each {before.told}, one preferred{pair.how}.")


def _kept(
    method: Method, columns: Mapping[str, Expression], reason: str, *warnings: str, ready: bool = False
) -> Verdict:
    """Conversations that do not begin alike have no prompt: TRL would stop at the first such row."""
    return yes(
        method,
        columns,
        reason,
        *warnings,
        ready=ready,
        keep=[call("same_start", columns["chosen"], columns["rejected"])],
    )


def _shared_start(pair: Pair) -> bool:
    """True when each pair of texts starts alike for longer than chance: TRL takes that as the prompt."""
    if len(pair.slots) < 2:
        return False
    for left, right in zip(pair.slots[0].texts, pair.slots[1].texts, strict=False):
        pairs = enumerate(zip(left, right, strict=False))
        if next((n for n, (one, two) in pairs if one != two), min(len(left), len(right))) < _SHARED_CHARACTERS:
            return False
    return True


def find_label(table: Table) -> Slot | None:
    """The column that says whether an answer is good: a boolean, or 0 and 1 beside a prompt and a completion."""
    judged = {"prompt", "completion"} <= set(table.columns)
    answers = table.where(lambda slot: slot.kind is Kind.TEXT and slot.long and head(slot) in _JUDGED)
    answers += _candidates(table)
    for slot in table.columns.values():
        if slot.key in _GOOD and slot.kind is Kind.BOOL:
            return slot
        numbers = slot.key == "label" and slot.kind in (Kind.NUMBER, Kind.LABEL)
        if slot.key == "label" and slot.kind is Kind.LABEL and answers and polar_names(slot):
            return slot
        if numbers and (judged or (answers and all(value in (0, 1) for value in slot.values))):
            return slot
        if {"prompt", "question", "query"} & set(slot.words):
            continue  # what is said of the question
        if slot.kind is Kind.TEXT and (slot.key in _GOOD or set(slot.words) & _OPINIONS) and _polar(slot):
            return slot
    return None


def _candidates(table: Table) -> list[Slot]:
    """Whole sentences called "answer" beside a question: a 0 or 1 says whether they are one."""
    if not {"question", "query"} & set(table.columns):
        return []
    return table.where(lambda slot: slot.key in ("answer", "candidate", "candidate_answer") and is_prose(slot))


def _polar(slot: Slot) -> bool:
    """True for words that all say yes or no of an answer."""
    return bool(slot.texts) and all(text.strip().lower() in YES | NO for text in slot.texts)


def judge_kto(table: Table, reading: Reading, label: Slot | None, pairs: Verdict) -> Verdict:
    """Answers with a verdict each, or pairs, which TRL takes apart."""
    if pairs.mapping is not None:
        reason = f"{pairs.reason} Each pair becomes a good and a bad answer."
        return pairs.model_copy(update={"method": Method.KTO, "reason": reason})
    none = "No column says of each answer whether it is a good one."
    if (reason_why := scattered(table)) is not None:
        return no(Method.KTO, reason_why)
    if label is None:
        return no(Method.KTO, none)
    good = says(label)
    prompt, completion = table.columns.get("prompt"), table.columns.get("completion")
    if prompt is not None and completion is not None and prompt.kind is completion.kind and not prompt.json:
        columns: dict[str, Expression] = {"prompt": "prompt", "completion": "completion", "label": good}
        return yes(Method.KTO, columns, f"Answers that {label.told} calls good or bad.")
    before = next((slot for slot in conversations(table) if is_open(slot)), None)
    if before is None and prompt is not None and is_open(prompt):
        before = prompt
    if before is not None and reading.answer is not None and before.column != reading.answer.column:
        columns = {"prompt": as_prompt(before), "completion": call("reply", first_of(reading.answer)), "label": good}
        return yes(Method.KTO, columns, f"Answers to {before.told} that {label.told} calls good or bad.")
    if reading.question is not None and reading.answer is not None:
        columns = {
            "prompt": prompt_turns(reading),
            "completion": call("reply", first_of(reading.answer)),
            "label": good,
        }
        return yes(Method.KTO, columns, f"Answers in {reading.answer.told} that {label.told} calls good or bad.")
    for slot in conversations(table):
        if slot.kind in (Kind.MESSAGES, Kind.SHAREGPT) and is_answered(slot, sampled=table.sampled):
            source = as_messages(slot)
            columns = {
                "prompt": call("before_answer", source),
                "completion": call("last_answer", source),
                "label": good,
            }
            return yes(Method.KTO, columns, f"The last answers in {slot.told}, which {label.told} calls good or bad.")
    return no(Method.KTO, f"{label.told} judges an answer, and no column holds both the question and the answer.")
