"""What supervised fine-tuning can imitate: conversations, answers, preferred answers, running text.

Pure.
"""

from bot.models import Method
from bot.models.mapping import Expression
from bot.planning.classes import LABELS, judge_classes, judge_related
from bot.planning.columns import ROLES, Kind, json_value, role_words, text_of, translated_roles, turns
from bot.planning.content import asks, is_plain_text, is_preamble, is_prose
from bot.planning.edits import find_edit, find_translation
from bot.planning.names import head, rank
from bot.planning.pairs import Pair
from bot.planning.reading import Reading, nameless
from bot.planning.references import reference_of
from bot.planning.sides import judge_sides, text_under
from bot.planning.table import Slot, Table
from bot.planning.talks import (
    as_messages,
    as_prompt,
    conversations,
    in_parts,
    is_answered,
    is_open,
    leads,
    scattered,
    unknown_roles,
    whole,
)
from bot.planning.verdict import Verdict, asked, call, first_of, no, reads, says, told, yes
from bot.planning.vocabulary import SYSTEMS
from bot.rows.functions import TURN

_TEXTS = (
    "text",
    "content",
    "body",
    "markdown",
    "raw_content",
    "story",
    "document",
    "article",
    "code",
    "page",
    "lyrics",
)
#: Names of texts that serve as running text where no other column says more.
_DESCRIBED = (
    *("description", "message", "email", "transcript", "abstract", "summary", "report", "notes", "post", "completion"),
    *("passage", "paragraph", "poem", "essay", "plot", "chapter", "textbook", "review", "comment", "caption", "speech"),
    *("script", "synopsis", "overview", "biography", "definition", "news", "conversation", "dialogue", "quote"),
)


def judge_sft(table: Table, reading: Reading, pair: Pair | None, label: Slot | None) -> Verdict:
    """The best that there is to imitate."""
    if (reason := scattered(table)) is not None:
        return no(Method.SFT, reason)
    verdict = (
        _prompt_and_completion(table, reading, label)
        or (_preferred(table, reading, pair) if pair is not None and not _own_messages(table, pair) else None)
        or judge_sides(table, pair)
        or _conversation(table, reading, pair, label)
        or judge_related(table, reading)
        or _question_and_answer(table, reading, label)
        or find_edit(table, reading)
        or _transcript(table, reading)
        or judge_classes(table)
        or find_translation(table)
        or _running_text(table, reading)
    )
    if verdict is not None:
        return _with_tools(table, verdict)
    talk = [slot for slot in conversations(table) if not is_answered(slot, sampled=table.sampled)]
    if talk:
        return no(Method.SFT, f"{talk[0].told} holds no turn of the assistant, so there is no answer to imitate.")
    candidates = table.named(("candidates",), Kind.TEXTS)
    if candidates is not None:
        return no(Method.SFT, f"{candidates.told} lists answers, and no column says which of them is the right one.")
    if reading.question is not None:
        return no(Method.SFT, f"{reading.question.told} asks, and no column answers: there is nothing to imitate.")
    return no(Method.SFT, "No column holds a conversation, an answer to a question, or running text.")


def _with_tools(table: Table, verdict: Verdict) -> Verdict:
    """The tools that the assistant may call belong to its conversations."""
    tools = table.tools
    if verdict.mapping is None or "text" in verdict.mapping.columns or tools is None:
        return verdict
    if tools.kind is Kind.TEXT and not all(isinstance(json_value(value), list | dict) for value in tools.values):
        return verdict
    columns = verdict.mapping.columns | {"tools": call("toolset", tools.source)}
    return verdict.model_copy(update={"mapping": verdict.mapping.model_copy(update={"columns": columns})})


def _own_messages(table: Table, pair: Pair) -> bool:
    found = [slot for slot in conversations(table) if slot.column not in pair.columns]
    return any(slot.key in ("messages", "conversations") and is_answered(slot, sampled=table.sampled) for slot in found)


def _prompt_and_completion(table: Table, reading: Reading, label: Slot | None) -> Verdict | None:
    prompt, completion = table.columns.get("prompt"), table.columns.get("completion")
    if prompt is None or completion is None or completion.kind is not prompt.kind:
        return None
    if prompt.kind not in (Kind.TEXT, Kind.MESSAGES) or prompt.json or _only_made(table, completion):
        return None
    if is_preamble(prompt) and reading.question is not None and reading.question is not prompt:
        return None
    columns: dict[str, Expression] = {"prompt": "prompt", "completion": "completion"}
    if label is None:
        return yes(Method.SFT, columns, "Prompts with their completions.")
    reason = f"Prompts with those completions that {label.told} calls good."
    return yes(Method.SFT, columns, reason, ready=False, keep=[says(label)])


def _only_made(table: Table, completion: Slot) -> bool:
    """True when the completions are no answers of the conversations beside them: those were made out of them."""
    talk = [slot for slot in conversations(table) if slot.key == "messages" and is_answered(slot)]
    if not talk or completion.kind is not Kind.TEXT or not table.sampled:
        return False
    said = zip(completion.texts, talk[0].values, strict=False)
    return not any(text.strip() in (text_of(turn).strip() for turn in turns(talks)) for text, talks in said)


def _conversation(table: Table, reading: Reading, pair: Pair | None, label: Slot | None) -> Verdict | None:
    used = pair.columns if pair is not None else set()
    for slot in conversations(table):
        if slot.column in used or not is_answered(slot, sampled=table.sampled):
            continue
        if unknown := unknown_roles(slot):
            names = ", ".join(f"`{role}`" for role in unknown)
            return no(Method.SFT, f"{slot.told} has turns by {names}, and no chat template knows such a role.")
        if not (is_open(slot) and _tells(reading.answer)):
            return _from_turns(table, slot, reading)
    history = [slot for slot in conversations(table) if slot.column not in used and is_open(slot)]
    prompt = (
        history[0]
        if history
        else table.columns.get("prompt") or table.columns.get("input") or table.columns.get("messages")
    )
    if prompt is not None and prompt.kind in (Kind.MESSAGES, Kind.SHAREGPT) and _tells(reading.answer):
        assert reading.answer is not None
        about = text_under(prompt, reading)
        columns = {
            "prompt": as_prompt(prompt, reading.system or about),
            "completion": call("reply", _with_trace(reading, first_of(reading.answer))),
        }
        after = f" after {about.told}" if about is not None else ""
        reason = f"{reading.answer.told} answers the conversation in {prompt.told}{after}."
        if label is None:
            return yes(Method.SFT, columns, reason)
        reason += f" Only rows that {label.told} calls good are used."
        return yes(Method.SFT, columns, reason, keep=[says(label)])
    return None


def _tells(answer: Slot | None) -> bool:
    return answer is not None and not answer.short and answer.kind in (Kind.TEXT, Kind.TEXTS)


def _from_turns(table: Table, slot: Slot, reading: Reading) -> Verdict:
    words = role_words(slot.values)
    system = reading.system if reading.system is not None and "system" not in translated_roles(words) else None
    if slot.kind is Kind.MESSAGES and words <= ROLES and slot.column == "messages":
        system = None
    source = as_messages(slot, system)
    warnings: list[str] = []
    plain = (
        slot.kind in (Kind.MESSAGES, Kind.SHAREGPT)
        and words <= ROLES
        and slot.column in ("messages", "conversations")
        and not in_parts(slot)
    )
    beside = [name for name in ("prompt", "labels") if name in table.columns]
    if plain and "prompt" in beside:
        told_by = "The column `prompt` beside them is left out: TRL would take each row for a prompt with a completion."
        warnings.insert(0, told_by)
    reason = f"Conversations in {slot.told}."
    if slot.kind in (Kind.MESSAGES, Kind.SHAREGPT) and not words <= ROLES:
        changed = ", ".join(
            f"{word} to {next(iter(translated_roles([word])))}" for word in sorted(words - ROLES) if word
        )
        reason = f"Conversations in {slot.told}; the names of the roles are translated ({changed})."
    elif slot.kind is Kind.TEXTS:
        reason = f"Conversations in {slot.told}: user and assistant take turns, the user first."
    return yes(
        Method.SFT,
        {"messages": source},
        reason,
        *warnings,
        ready=plain and not beside and not slot.json,
        keep=whole(slot, source),
    )


def _preferred(table: Table, reading: Reading, pair: Pair) -> Verdict | None:
    """Preference pairs serve SFT with the better answer alone."""
    reason = f"Only the preferred answers in {told(pair.slots[:1])} are trained on."
    if pair.kind in (Kind.MESSAGES, Kind.SHAREGPT):
        slot = pair.slots[0]
        if not table.sampled or "user" in translated_roles(role_words(slot.values)):
            source = pair.chosen if as_messages(slot) == slot.source else call("translated", pair.chosen)
            return yes(Method.SFT, {"messages": source}, reason, ready=False)
        talk = [other for other in conversations(table) if other.column not in pair.columns]
        prompt = table.columns.get("prompt") or (talk[0] if talk else None)
        if prompt is None or prompt.kind not in (Kind.MESSAGES, Kind.SHAREGPT, Kind.TEXT):
            return no(Method.SFT, f"{slot.told} holds answers without the question; DPO can use this dataset.")
        before = as_prompt(prompt) if prompt.kind is not Kind.TEXT else call("question", prompt.source)
        said = pair.chosen if as_messages(slot) == slot.source else call("translated", pair.chosen)
        return yes(Method.SFT, {"prompt": before, "completion": said}, reason, ready=False)
    if pair.kind is Kind.TURN:
        talk = conversations(table)
        if talk:
            columns = {
                "prompt": call("opened", talk[0].source),
                "completion": call("translated", call("both", pair.chosen)),
            }
            return yes(Method.SFT, columns, reason)
        return None
    talk = [slot for slot in table.columns.values() if slot.kind in (Kind.MESSAGES, Kind.SHAREGPT)]
    if pair.kind is Kind.TEXTS:
        prompts = table.columns.get("prompt")
        if prompts is None or prompts.kind is not Kind.TEXTS:
            return None
        return yes(Method.SFT, {"messages": call("interleaved", prompts.source, pair.chosen)}, reason)
    if reading.question is not None and not leads(talk, sampled=table.sampled):
        chosen = call("reply", pair.chosen)
        return yes(Method.SFT, {"prompt": prompt_turns(reading), "completion": chosen}, reason)
    if talk:
        return yes(Method.SFT, {"prompt": as_prompt(talk[0]), "completion": call("reply", pair.chosen)}, reason)
    if any(map(_two_speak, pair.slots[0].texts)):
        return yes(Method.SFT, {"messages": call("transcript", pair.chosen)}, reason)
    return yes(Method.SFT, {"text": pair.chosen}, reason, ready=False)


def prompt_turns(reading: Reading) -> Expression:
    """The question with all that belongs to it, as the turns before the answer."""
    extra = (reading.system.source,) if reading.system is not None else ()
    return call("question", asked(reading.prompt, reading.options), *extra)


def _question_and_answer(table: Table, reading: Reading, label: Slot | None) -> Verdict | None:
    answer = reading.answer
    if answer is None or (answer.short and reading.options and reading.reference is not None):
        answer = reading.reference
    if reading.question is None or answer is None:
        return None
    bare = answer.kind is Kind.NUMBERS or (_is_numeric(answer) and not _names_answer(answer))
    if bare and not reading.options:
        return None
    said = reference_of(answer, reading) if answer is reading.reference and reading.options else first_of(answer)
    if answer is reading.answer:
        said = _with_trace(reading, said)
    columns = {"prompt": prompt_turns(reading), "completion": call("reply", said)}
    reason = reads(reading.prompt, told([reading.trace, answer]) if reading.trace is not None else answer.told)
    warnings = []
    if answer.short:
        warnings.append(
            f"{answer.told} holds only short final answers: GRPO would reward them, SFT can only repeat them."
        )
    keep = [says(label)] if label is not None else []
    if keep:
        reason += f" Only rows that {label.told} calls good are used." if label is not None else ""
    # the texts alone would do as well: rendered ones, or such as only have a class beside them
    rendered = reading.question.column != "text" and answer.column != "text"
    rendered = rendered and "text" in table.columns and _holds(table, reading.question, answer)
    ready = is_plain_text(table) and "prompt" not in table.columns and (rendered or rank(answer, LABELS) is not None)
    return yes(Method.SFT, columns, reason, *warnings, keep=keep, ready=ready)


def _holds(table: Table, question: Slot, answer: Slot) -> bool:
    """True when `text` is what the others were put together to: it repeats the question, or ends in the answer."""
    text = table.columns["text"]
    rows = zip(question.texts, answer.texts, text.texts, strict=False)
    return all(asked.strip()[:40] in whole or whole.rstrip().endswith(said.strip()) for asked, said, whole in rows)


def _with_trace(reading: Reading, said: Expression) -> Expression:
    return said if reading.trace is None else call("joined", first_of(reading.trace), said)


def _is_numeric(slot: Slot) -> bool:
    return slot.kind in (Kind.NUMBER, Kind.BOOL)


def _names_answer(slot: Slot) -> bool:
    return slot.words[-1] in ("answer", "target", "output", "label")


def _two_speak(text: str) -> bool:
    """True for a text whose lines begin with the names of a user and an assistant."""
    return {"user", "assistant"} <= translated_roles(TURN.findall(text))


def _transcript(table: Table, reading: Reading) -> Verdict | None:
    for slot in table.columns.values():
        if slot.kind is not Kind.TEXT or slot.column == "text" or slot.empty:
            continue
        if slot.texts and all(map(_two_speak, slot.texts)):
            columns = {"messages": as_messages(slot, reading.system)}
            return yes(
                Method.SFT, columns, f"{slot.told} is a transcript; it is cut into turns at its speakers' names."
            )
    return None


def _running_text(table: Table, reading: Reading) -> Verdict | None:
    texts = [slot for slot in table.columns.values() if slot.kind is Kind.TEXT and not slot.json]
    named = next((slot for name in _TEXTS for slot in texts if slot.key == name and not slot.empty), None)
    readable = [slot for slot in texts if slot.long and rank(slot, SYSTEMS) is None]
    unknown = len(table.columns) == 1 or (not conversations(table) and nameless(readable) == readable)
    alone = len(readable) == 1 and unknown
    prose = [slot for slot in texts if is_prose(slot)]
    guessed = prose == nameless(texts) and not conversations(table)
    if named is None and not alone and len(prose) == 1 and (head(prose[0]) in _DESCRIBED or guessed):
        named = prose[0]
    slot = named or (readable[0] if alone else None)
    classed = table.where(lambda other: other.kind is Kind.LABEL)
    if slot is not None and len(table.columns) > 1 and not classed and nameless([slot]) and asks(slot):
        return None  # a question whose answer lies elsewhere
    if slot is None or slot is reading.question or slot is reading.context:
        return None
    warnings = []
    beside = [name for name in ("prompt", "labels") if name in table.columns]
    if slot.column == "text" and beside:
        warnings.append(f"The column `{beside[0]}` beside it is left out: TRL would misread the rows because of it.")
    return yes(Method.SFT, {"text": slot.source}, f"Running text in {slot.told}.", *warnings,
               ready=slot.column == "text" and not beside)  # fmt: skip
