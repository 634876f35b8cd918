"""Conversations whose two sides lie in different columns, and how they become messages.

Pure.
"""

from bot.models import Method
from bot.models.mapping import Expression
from bot.planning.columns import Kind, role_words, translated_roles, turns
from bot.planning.names import head
from bot.planning.pairs import Pair
from bot.planning.reading import Reading
from bot.planning.table import Slot, Table, words_of
from bot.planning.talks import conversations
from bot.planning.verdict import Verdict, call, constant, told, yes
from bot.planning.vocabulary import CONTEXTS, METADATA
from bot.rows.functions import ROLES

#: Names of lists that hold messages without saying whose.
_HEADS = ("messages", "turns", "utterances")
#: Beside one of these, a list of inputs and outputs holds examples.
_TASKS = ("instruction", "prompt", "question", "problem", "query", "task", "definition")
_ABOUT = ("story", "context", "passage", "article", "document", "text")


def judge_sides(table: Table, pair: Pair | None) -> Verdict | None:
    """Supervised fine-tuning on what two columns hold together."""
    used = pair.columns if pair is not None else set()
    if any({"user", "assistant"} <= translated_roles(role_words(slot.values)) for slot in conversations(table)):
        return None
    return _turn_columns(table, used) or _message_columns(table, used) or _lists(table, used) or _numbered(table, used)


def first_turns(table: Table) -> tuple[Slot, ...]:
    """Columns of one message each that come before the answer."""
    found = tuple(slot for slot in table.columns.values() if slot.kind is Kind.TURN and not slot.empty)
    return found if found and _roles(found) <= {"system", "user"} else ()


def text_under(talk: Slot, reading: Reading) -> Slot | None:
    """The text that a conversation is about: where nothing else asks, it is what was read as the question."""
    about = reading.question
    if about is None or about.column == talk.column or not about.long or head(about) not in CONTEXTS:
        return None
    return about if about.kind is Kind.TEXT else None


def _turn_columns(table: Table, used: set[str]) -> Verdict | None:
    """A column for each message."""
    found = [slot for slot in table.columns.values() if slot.kind is Kind.TURN and not slot.empty]
    if len(found) < 2 or {slot.column for slot in found} & used or _roles(found[-1:]) != {"assistant"}:
        return None
    if not _roles(found[:1]) <= {"system", "user"}:
        return None
    columns = {"messages": call("translated", call("both", *(slot.source for slot in found)))}
    return yes(Method.SFT, columns, f"Conversations of the messages in {told(found)}, in this order.")


def _roles(slots: list[Slot] | tuple[Slot, ...]) -> set[str]:
    return translated_roles(role_words([[value for slot in slots for value in slot.values]]))


def _message_columns(table: Table, used: set[str]) -> Verdict | None:
    """A column with the user's messages, and one with the assistant's."""
    talk = [
        slot for slot in table.columns.values()
        if slot.kind in (Kind.MESSAGES, Kind.SHAREGPT) and not slot.empty and slot.column not in used
    ]  # fmt: skip
    roles = [(slot, translated_roles(role_words(slot.values))) for slot in talk]
    asking = [slot for slot, found in roles if found and found <= {"system", "user"}]
    saying = [slot for slot, found in roles if found == {"assistant"}]
    if len(asking) != 1 or len(saying) != 1 or len(talk) != 2 or {"prompt", "completion"} <= set(table.columns):
        return None
    sizes = [(len(turns(one)), len(turns(two))) for one, two in zip(asking[0].values, saying[0].values, strict=False)]
    if all(size == 1 for _, size in sizes):
        columns = {"prompt": call("opened", asking[0].source), "completion": call("translated", saying[0].source)}
        return yes(Method.SFT, columns, f"{saying[0].told} answers the conversation in {asking[0].told}.")
    if all(one == two for one, two in sizes) and all(slot.kind is Kind.MESSAGES for slot in talk):
        texts = (call("each", slot.source, constant("content")) for slot in (asking[0], saying[0]))
        reason = f"Each message in {asking[0].told}, with its answer in {saying[0].told}."
        return yes(Method.SFT, {"messages": call("interleaved", *texts)}, reason)
    return None


def _lists(table: Table, used: set[str]) -> Verdict | None:
    """A list of what the user says beside a list of what the assistant says, perhaps about a text."""
    lists = [
        slot for slot in table.slots if slot.kind is Kind.TEXTS and not slot.empty and slot.column not in used
    ]  # fmt: skip
    asked, said = (next((slot for slot in lists if _speaker(slot) == role), None) for role in ("user", "assistant"))
    if asked is None or said is None:
        alike = [slot for slot in lists if slot.words[-1] in _HEADS and _speaker(slot) is None]
        same = next((tuple(slot for slot in alike if slot.words[-1] == head) for head in _HEADS), ())
        asked, said = same if len(same) == 2 else (None, None)
    if asked is None or said is None or not _as_long(asked, said):
        return None
    if (
        asked.of_each
        and asked.column == said.column
        and table.named(_TASKS, Kind.TEXT, among=tuple(table.columns.values()))
    ):
        return None  # examples of a task, and no conversation
    if asked.of_each and said.of_each and asked.column != said.column:
        return None
    if asked.of_each and asked.column in {slot.column for slot in conversations(table)}:
        return None  # the list is the conversation
    about = table.named(_ABOUT, Kind.TEXT)
    extra: tuple[Expression, ...] = (about.source,) if about is not None and about.long else ()
    columns = {"messages": call("interleaved", asked.source, said.source, *extra)}
    first = f", the first after {about.told}" if about is not None and extra else ""
    return yes(Method.SFT, columns, f"Each of {asked.told}{first}, with its answer in {said.told}.")


def _numbered(table: Table, used: set[str]) -> Verdict | None:
    """A numbered column of text for each turn: turn_1, turn_2, or numbers alone."""
    found = [
        slot for slot in table.columns.values()
        if slot.kind is Kind.TEXT and slot.words and slot.words[-1].isdigit()
        and (len(slot.words) == 1 or (len(slot.words) == 2 and slot.words[0] + "s" in _HEADS))
    ]  # fmt: skip
    found.sort(key=lambda slot: int(slot.words[-1]))
    if len(found) < 2 or {slot.column for slot in found} & used:
        return None
    if len(found) == 2:
        answered: dict[str, Expression] = {"prompt": call("question", found[0].source),
                                           "completion": call("reply", found[1].source)}  # fmt: skip
        return yes(Method.SFT, answered, f"{found[1].told} answers {found[0].told}.")
    columns = {"messages": call("alternated", call("both", *(slot.source for slot in found)))}
    return yes(Method.SFT, columns, f"The turns in {told(found)}, the user's first.")


def _speaker(slot: Slot) -> str | None:
    """Whose turns the list holds, by its name: "user_turns", "questions", "answers.input_text"."""
    if len(slot.words) > 1 and slot.words[-1].removesuffix("s") in METADATA:
        return None  # the number of a user, the name of a model
    words = [name for key in slot.path for name in words_of(key)]
    singular = ["question" if word == "queries" else word.removesuffix("s") for word in words]
    roles = {role for name in singular if (role := ROLES.get(name, name)) in ("user", "assistant")}
    return roles.pop() if len(roles) == 1 else None


def _as_long(asked: Slot, said: Slot) -> bool:
    sizes = [
        (len(one), len(two))
        for one, two in zip(asked.values, said.values, strict=False)
        if isinstance(one, list) and isinstance(two, list)
    ]
    return bool(sizes) and all(one == two for one, two in sizes)
