"""Columns that hold conversations: which they are, who speaks in them, and how they become messages.

Pure.
"""

from bot.models.mapping import Expression
from bot.planning.columns import ROLES, Kind, exchange_keys, role_words, translated_roles, turns
from bot.planning.table import Slot, Table
from bot.planning.verdict import call, constant
from bot.rows.functions import spoken

_CONVERSATIONS = ("messages", "conversations", "conversation", "dialogue", "dialog", "chat", "chats", "turns", "data")
_LISTED = (*_CONVERSATIONS, "utterances", "dialogs", "lines", "free_messages")
#: Columns that say where a single message belongs.
_FOUND_IN_TREES = {"parent_id", "message_tree_id", "utterance_idx", "turn_idx", "turn_id", "parent_message_id"}


def conversations(table: Table) -> list[Slot]:
    """The columns that hold whole conversations, most telling name first."""
    found = [slot for slot in table.slots if _holds_turns(table, slot)]
    places = {name: place for place, name in enumerate(_CONVERSATIONS)}
    return sorted(found, key=lambda slot: (len(slot.path), places.get(slot.key, len(places))))


def _holds_turns(table: Table, slot: Slot) -> bool:
    if slot.kind in (Kind.MESSAGES, Kind.SHAREGPT):
        return not slot.empty or slot.key in _CONVERSATIONS
    if slot.kind is Kind.EXCHANGES:
        return slot.key in (*_CONVERSATIONS, "history", "rounds", "qa")
    if slot.kind is Kind.TEXTS and slot.key in _LISTED:
        return all(len(value) > 1 for value in slot.values if value) and "ner_tags" not in table.columns
    return False


def is_answered(slot: Slot, *, sampled: bool = True) -> bool:
    """True when the assistant speaks in it."""
    if slot.kind in (Kind.EXCHANGES, Kind.TEXTS) or not sampled:
        return True
    return "assistant" in translated_roles(role_words(slot.values))


def as_messages(slot: Slot, system: Slot | None = None) -> Expression:
    """The slot as messages; unchanged when chat templates know its words."""
    extra = (system.source,) if system is not None else ()
    match slot.kind:
        case Kind.TEXTS:
            return call("alternated", slot.source, *extra)
        case Kind.TEXT:
            return call("transcript", slot.source, *extra)
        case Kind.EXCHANGES:
            keys = exchange_keys(slot.feature)
            assert keys is not None
            return call("exchanged", slot.source, constant(keys[0]), constant(keys[1]), *extra)
        case Kind.MESSAGES if not extra and is_plain(slot):
            return slot.source
        case _:
            return call("translated", slot.source, *extra)


def is_plain(slot: Slot) -> bool:
    """True for messages in the words of chat templates, each of them one text."""
    return slot.kind is Kind.MESSAGES and role_words(slot.values) <= ROLES and not in_parts(slot)


def in_parts(slot: Slot) -> bool:
    """True when a message is a list of parts, as those with pictures are: templates for texts do not join them."""
    return any(isinstance(turn.get("content"), list) for value in slot.values for turn in turns(value))


def as_prompt(slot: Slot, system: Slot | None = None) -> Expression:
    """A conversation that ends before the answer, as messages."""
    plain = is_plain(slot)
    if system is not None:
        return call("opened", slot.source, system.source)
    return slot.source if plain else call("opened", slot.source)


def is_open(slot: Slot) -> bool:
    """True when somebody else than the assistant has the last word in every sample."""
    if slot.kind not in (Kind.MESSAGES, Kind.SHAREGPT) or not slot.values:
        return False
    return all(turns(value) and "assistant" not in translated_roles(role_words([value[-1:]])) for value in slot.values)


def unknown_roles(slot: Slot) -> list[str]:
    """The speakers whom no chat template knows, translated or not."""
    if slot.kind not in (Kind.MESSAGES, Kind.SHAREGPT):
        return []
    return sorted(translated_roles(role_words(slot.values)) - ROLES - {""})


def leads(talk: list[Slot], *, sampled: bool) -> bool:
    """True when a conversation without its answer stands before answers that are texts."""
    names = ("context", "history", "conversation", "conversations", "messages", "dialogue", "trajectory")
    return bool(talk) and talk[0].key in names and not is_answered(talk[0], sampled=sampled)


def scattered(table: Table) -> str | None:
    """Why the rows are only pieces: one message of a tree or dialogue, or the labelled steps of a solution."""
    keys = {slot.key for slot in table.columns.values()}
    pieces = sorted(keys & _FOUND_IN_TREES)
    if pieces and not conversations(table) and keys & {"text", "utterance", "role", "content", "message"}:
        return f"Each row is one message (`{pieces[0]}` says where it belongs): conversations must be rebuilt first."
    steps = [slot for slot in table.columns.values() if slot.kind is Kind.TEXTS]
    judged = [slot for slot in table.columns.values() if _judges_steps(slot, steps)]
    if judged:
        return f"{judged[0].told} judges each step of a solution: that is for a process reward model."
    return None


def _judges_steps(label: Slot, lists: list[Slot]) -> bool:
    """True for a verdict on each item of a list, or for the number of the first wrong one of some steps."""
    named = any("steps" in slot.words for slot in lists)
    if label.kind is Kind.NUMBER:
        return named and label.key in ("label", "first_error", "error_step")
    return bool(lists) and label.kind is Kind.FLAGS and label.key in ("labels", "step_labels")


def whole(slot: Slot, source: Expression) -> list[Expression]:
    """The condition that leaves out rows which stop the job, when the sample has some.

    A message without content reaches the chat template: `datasets` drops the missing key, and `message.content + ...`
    fails while TRL prepares the rows, where `{{ message.content }}` makes it empty (tried with TRL 1.16 on the
    playground's models). Translated messages get an empty text instead.
    """
    if source != slot.column or all(spoken(value) for value in slot.values):
        return []
    return [call("spoken", source)]
