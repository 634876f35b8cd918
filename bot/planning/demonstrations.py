"""What supervised fine-tuning can imitate: conversations, answers, preferred answers, running text.

Pure.
"""

from collections.abc import Sequence

from bot.models import Method
from bot.models.mapping import Expression
from bot.planning.columns import ROLES, Kind, json_value, role_words, translated_roles
from bot.planning.content import is_prose
from bot.planning.pairs import Pair
from bot.planning.reading import Reading, nameless, rank
from bot.planning.references import reference_of
from bot.planning.sides import judge_sides
from bot.planning.table import Slot, Table
from bot.planning.talks import (
    as_messages,
    as_prompt,
    conversations,
    is_answered,
    is_open,
    leads,
    scattered,
    unknown_roles,
    whole,
)
from bot.planning.verdict import Verdict, asked, call, first_of, no, told, yes
from bot.planning.vocabulary import LANGUAGES, SYSTEMS
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
_DESCRIBED = ("description", "message", "email", "transcript", "abstract", "summary", "report", "notes", "post")
_LABELS = (
    "label_text",
    "label",
    "labels",
    "coarse_label",
    "sentiment",
    "category",
    "intent",
    "emotion",
    "class",
    "target",
    "topic",
    "department",
    "queue",
    "team",
    "priority",
)


def judge_sft(table: Table, reading: Reading, pair: Pair | None, label: Slot | None) -> Verdict:
    """The best that there is to imitate."""
    if (reason := scattered(table)) is not None:
        return no(Method.SFT, reason)
    verdict = (
        _prompt_and_completion(table, label)
        or (_preferred(table, reading, pair) if pair is not None and not _own_messages(table, pair) else None)
        or judge_sides(table, pair)
        or _conversation(table, reading, pair)
        or _sentence_pair(table, reading)
        or _question_and_answer(table, reading, label)
        or _edit(table, reading)
        or _transcript(table, reading)
        or _classes(table)
        or _translation(table)
        or _running_text(table, reading)
    )
    if verdict is not None:
        return _with_tools(table, verdict)
    talk = [slot for slot in conversations(table) if not is_answered(slot, sampled=table.sampled)]
    if talk:
        return no(Method.SFT, f"{talk[0].told} holds no turn of the assistant, so there is no answer to imitate.")
    if reading.question is not None:
        return no(Method.SFT, f"{reading.question.told} asks, and no column answers: there is nothing to imitate.")
    return no(Method.SFT, "No column holds a conversation, an answer to a question, or running text.")


def _with_tools(table: Table, verdict: Verdict) -> Verdict:
    """The tools that the assistant may call belong to its conversations."""
    tools = table.columns.get("tools")
    listed = (Kind.TEXT, Kind.TEXTS, Kind.STRUCTS, Kind.OTHER)
    if verdict.mapping is None or "text" in verdict.mapping.columns or tools is None or tools.kind not in listed:
        return verdict
    if tools.kind is Kind.TEXT and not all(isinstance(json_value(value), list) for value in tools.values):
        return verdict
    columns = verdict.mapping.columns | {"tools": call("toolset", tools.source)}
    return verdict.model_copy(update={"mapping": verdict.mapping.model_copy(update={"columns": columns})})


def _own_messages(table: Table, pair: Pair) -> bool:
    found = [slot for slot in conversations(table) if slot.column not in pair.columns]
    return any(slot.key in ("messages", "conversations") and is_answered(slot, sampled=table.sampled) for slot in found)


def _prompt_and_completion(table: Table, label: Slot | None) -> Verdict | None:
    prompt, completion = table.columns.get("prompt"), table.columns.get("completion")
    if prompt is None or completion is None or completion.kind is not prompt.kind:
        return None
    if prompt.kind not in (Kind.TEXT, Kind.MESSAGES) or prompt.json:
        return None
    columns: dict[str, Expression] = {"prompt": "prompt", "completion": "completion"}
    if label is None:
        return yes(Method.SFT, columns, "Prompts with their completions.")
    reason = f"Prompts with those completions that {label.told} calls good."
    return yes(Method.SFT, columns, reason, ready=False, keep=[call("true", label.source)])


def _conversation(table: Table, reading: Reading, pair: Pair | None) -> Verdict | None:
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
        columns = {"prompt": as_prompt(prompt, reading.system), "completion": call("reply", first_of(reading.answer))}
        return yes(Method.SFT, columns, f"{reading.answer.told} answers the conversation in {prompt.told}.")
    return None


def _tells(answer: Slot | None) -> bool:
    return answer is not None and not answer.short and answer.kind is Kind.TEXT


def _from_turns(table: Table, slot: Slot, reading: Reading) -> Verdict:
    words = role_words(slot.values)
    system = reading.system if reading.system is not None and "system" not in translated_roles(words) else None
    if slot.kind is Kind.MESSAGES and words <= ROLES and slot.column == "messages":
        system = None
    source = as_messages(slot, system)
    warnings: list[str] = []
    plain = (
        slot.kind in (Kind.MESSAGES, Kind.SHAREGPT) and words <= ROLES and slot.column in ("messages", "conversations")
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
    if any(len(TURN.findall(text)) > 1 for text in pair.slots[0].texts):
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
    columns = {"prompt": prompt_turns(reading), "completion": call("reply", said)}
    reason = _reads(reading.prompt, answer.told)
    warnings = []
    if answer.short:
        warnings.append(
            f"{answer.told} holds only short final answers: GRPO would reward them, SFT can only repeat them."
        )
    keep = [call("true", label.source)] if label is not None else []
    if keep:
        reason += f" Only rows that {label.told} calls good are used." if label is not None else ""
    # the texts alone would do as well: rendered ones, or such as only have a class beside them
    rendered = reading.question.column != "text" and answer.column != "text"
    ready = is_plain_text(table) and "prompt" not in table.columns and (rendered or answer.short)
    return yes(Method.SFT, columns, reason, *warnings, keep=keep, ready=ready)


_VERSIONS = (("old", "new"), ("before", "after"), ("buggy", "fixed"), ("bad", "good"), ("incorrect", "correct"),
             ("noisy", "clean"), ("informal", "formal"), ("complex", "simple"), ("incoming", "outgoing"),
             ("inbound", "outbound"), ("rough", "polished"), ("raw", "edited"), ("source", "target"),
             *((old, new) for old in ("original", "draft") for new in (
                 "rewritten", "revised", "edited", "improved", "corrected", "simplified", "paraphrased", "translated",
                 "modified", "polished", "final", "rewrite", "revision")))  # fmt: skip


def _edit(table: Table, reading: Reading) -> Verdict | None:
    """Two versions of a text: what it was, with what was to be done about it, and what it became."""
    for slot in table.columns.values():
        for old, new in _VERSIONS:
            if old not in slot.words or slot.kind is not Kind.TEXT or {"answer", "answers", "option"} & set(slot.words):
                continue
            wanted = "_".join(new if word == old else word for word in slot.words)
            edited = table.named((wanted,), Kind.TEXT)
            if edited is None or edited.texts == slot.texts or not (is_prose(slot) or "\n" in "".join(slot.texts)):
                continue
            why = reading.question or table.named(("subject", "message", "commit_message", "instruction"), Kind.TEXT)
            parts = (slot,) if why is None or why.column in (slot.column, edited.column) else (slot, why)
            columns = {"prompt": call("question", asked(parts, ())), "completion": call("reply", edited.source)}
            return yes(Method.SFT, columns, _reads(parts, edited.told))
    return None


def _reads(parts: Sequence[Slot], answer: str) -> str:
    """How questions and answers are read, as a sentence."""
    become = "becomes" if len({slot.path for slot in parts}) == 1 else "become"
    return f"{told(parts)} {become} the user's turn and {answer} the assistant's."


def _is_numeric(slot: Slot) -> bool:
    return slot.kind in (Kind.NUMBER, Kind.BOOL)


def _names_answer(slot: Slot) -> bool:
    return slot.words[-1] in ("answer", "target", "output", "label")


def is_plain_text(table: Table) -> bool:
    """True when TRL finds running text under its own name and nothing in its way."""
    slot = table.columns.get("text")
    return (
        slot is not None
        and slot.kind is Kind.TEXT
        and not slot.json
        and not slot.empty
        and "labels" not in table.columns
    )


def _transcript(table: Table, reading: Reading) -> Verdict | None:
    for slot in table.columns.values():
        if slot.kind is not Kind.TEXT or slot.column == "text" or slot.empty:
            continue
        if slot.texts and all(len(TURN.findall(text)) > 1 for text in slot.texts):
            columns = {"messages": as_messages(slot, reading.system)}
            return yes(
                Method.SFT, columns, f"{slot.told} is a transcript; it is cut into turns at its speakers' names."
            )
    return None


def _sentence_pair(table: Table, reading: Reading) -> Verdict | None:
    """Two texts and a class that says how they relate."""
    label = next((slot for slot in table.columns.values() if slot.kind is Kind.LABEL and slot.key == "label"), None)
    texts = [slot for slot in table.columns.values() if slot.kind is Kind.TEXT and set(slot.words) & _RELATED]
    if label is None or len(texts) != 2 or reading.options:
        return None
    columns = {"prompt": call("question", asked(texts, ())), "completion": call("reply", first_of(label))}
    return yes(Method.SFT, columns, _reads(texts, f"the class in {label.told}"))


#: What the two texts are called whose relation is the class.
_RELATED = {"sentence", "premise", "hypothesis", "question1", "question2", "question", "text", "claim", "evidence"}


def _classes(table: Table) -> Verdict | None:
    """Texts with a class: the model learns to name it."""
    labels = [slot for slot in table.columns.values() if rank(slot, _LABELS) is not None and not slot.empty]
    labels = [slot for slot in labels if slot.kind in (Kind.LABEL, Kind.TEXT, Kind.NUMBER, Kind.BOOL) and slot.short]
    texts = [
        slot for slot in table.columns.values() if slot.kind is Kind.TEXT and slot not in labels and not slot.empty
    ]
    prose = [slot for slot in texts if is_prose(slot)]
    texts = [slot for slot in texts if set(slot.words) & set(_SUBJECTS)]
    if not texts and len(prose) == 1 and labels and labels[0].kind is Kind.LABEL:
        texts = prose
    if not labels or not texts:
        return None
    labels.sort(key=lambda slot: (slot.kind is not Kind.LABEL, _LABELS.index(slot.key) if slot.key in _LABELS else 99))
    twins = [slot for slot in texts if set(slot.words) & {"sentence", "premise", "hypothesis"}]
    texts.sort(key=lambda slot: min((_SUBJECTS.index(word) for word in slot.words if word in _SUBJECTS), default=0))
    titles = [slot for slot in texts[1:] if slot.key in ("title", "headline", "subject") and not twins]
    parts = twins[:2] if len(twins) > 1 else [*titles[:1], texts[0]]
    if len(twins) > 1 and labels[0].kind is not Kind.LABEL:
        return None
    columns = {"prompt": call("question", asked(parts, ())), "completion": call("reply", first_of(labels[0]))}
    ready = is_plain_text(table) and "prompt" not in table.columns
    reason = _reads(parts, f"the class in {labels[0].told}")
    return yes(Method.SFT, columns, reason, ready=ready)


_SUBJECTS = (
    *("text", "sentence", "review", "content", "tweet", "premise", "hypothesis", "comment", "utterance", "question"),
    *("document", "article", "body", "query", "message", "email", "mail", "ticket", "complaint", "post"),
    *("title", "headline"),
)


def _translation(table: Table) -> Verdict | None:
    """The same text in two languages: columns named by languages, or a struct of them."""
    texts = [slot for slot in table.slots if slot.kind is Kind.TEXT and slot.path[-1].lower() in LANGUAGES]
    for place in dict.fromkeys(slot.path[:-1] for slot in texts):
        languages = [slot for slot in texts if slot.path[:-1] == place]
        if len(languages) < 2:
            continue
        source, target = languages[:2]
        columns = {"prompt": call("question", source.source), "completion": call("reply", target.source)}
        silent = "Nothing tells the model to translate: it learns to answer each text with its translation."
        return yes(Method.SFT, columns, _reads((source,), target.told), silent)
    return None


def _running_text(table: Table, reading: Reading) -> Verdict | None:
    texts = [slot for slot in table.columns.values() if slot.kind is Kind.TEXT and not slot.json]
    named = next((slot for name in _TEXTS for slot in texts if slot.key == name and not slot.empty), None)
    readable = [slot for slot in texts if slot.long and rank(slot, SYSTEMS) is None]
    unknown = len(table.columns) == 1 or (not conversations(table) and nameless(readable) == readable)
    alone = len(readable) == 1 and unknown
    prose = [slot for slot in texts if is_prose(slot)]
    if named is None and not alone and len(prose) == 1 and (prose[0].key in _DESCRIBED or prose == nameless(texts)):
        named = prose[0]
    slot = named or (readable[0] if alone else None)
    if slot is None or slot is reading.question or slot is reading.context:
        return None
    warnings = []
    beside = [name for name in ("prompt", "labels") if name in table.columns]
    if slot.column == "text" and beside:
        warnings.append(f"The column `{beside[0]}` beside it is left out: TRL would misread the rows because of it.")
    return yes(Method.SFT, {"text": slot.source}, f"Running text in {slot.told}.", *warnings,
               ready=slot.column == "text" and not beside)  # fmt: skip
