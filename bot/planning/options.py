"""The options of a multiple choice, and the column that says which of them is right.

Pure.
"""

import re
from collections.abc import Sequence

from bot.planning.columns import Kind
from bot.planning.table import Slot
from bot.planning.vocabulary import OPTION_STEMS, OPTIONS, OTHERS

#: Lists with these words in their names may be options, when another column says which of their items is right.
_LISTS = {
    *("answer", "answers", "candidate", "candidates", "choice", "choices", "option", "options", "ending", "endings"),
    *("alternative", "alternatives", "hypotheses", "continuations", "completions", "distractors"),
}
#: Words of names of columns that hold the place of the right option.
_RIGHT = {
    *("correct", "answer", "label", "gold", "right", "target", "truth", "solution", "key"),
    *("cop", "gt"),
}


#: Words of names of numbers that say something else about an answer.
_MEASURES = {"start", "end", "count", "length", "num", "score"}


def find_options(slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """The options of a multiple choice: one list, or one column each."""
    for name in OPTIONS:
        for slot in slots:
            if slot.key == name and slot.kind in (Kind.TEXTS, Kind.STRUCT, Kind.STRUCTS, Kind.TEXT) and not slot.empty:
                return (slot,)
    return _columns(slots) or _placed(slots)


def _columns(slots: Sequence[Slot]) -> tuple[Slot, ...]:
    stems: dict[str, list[Slot]] = {}
    for slot in slots:
        if slot.kind not in (Kind.TEXT, Kind.NUMBER) or len(slot.path) > 1:
            continue
        if re.fullmatch(r"[a-e]", slot.key):
            stems.setdefault("", []).append(slot)
        elif match := re.fullmatch(r"((?:[a-z]+_)*?[a-z]+?)_?([a-e]|\d)", slot.key):
            stems.setdefault(match[1], []).append(slot)
    # two of them under a longer name may be two answers to compare
    lists = [
        found
        for stem, found in stems.items()
        if len(found) >= (2 if stem in OPTION_STEMS else 3) and (not stem or _names_options(stem))
    ]
    return tuple(lists[0]) if lists else ()


def _placed(slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """A list of answers beside the place of the right one, or beside that one."""
    for slot in slots:
        if slot.kind is not Kind.TEXTS or slot.of_each or not set(slot.words) & _LISTS:
            continue
        if place_of_right(slots, slot) is not None or any(_is_among(other, slot) for other in slots):
            return (slot,)
    return ()


def _is_among(answer: Slot, options: Slot) -> bool:
    """True for a text that is always one of the options."""
    if answer.kind is not Kind.TEXT or not set(answer.words) & _RIGHT or len(answer.values) != len(options.values):
        return False
    pairs = zip(answer.values, options.values, strict=True)
    return bool(answer.values) and all(isinstance(many, list) and len(many) > 1 and one in many for one, many in pairs)


def _names_options(stem: str) -> bool:
    """True for `option` and `mc_answer`, but not for wrong answers alone."""
    words = stem.split("_")
    return words[-1] in OPTION_STEMS and not set(words) & OTHERS


def place_of_right(slots: Sequence[Slot], *options: Slot) -> Slot | None:
    """The column that always holds the place of one of the options: of one list, or of a column each."""
    lists = options[0].values if len(options) == 1 else _rows(options)
    for slot in slots:
        if slot.kind not in (Kind.NUMBER, Kind.TEXT) or slot in options or not set(slot.words) & _RIGHT:
            continue
        if set(slot.words[:-1] if numbers(slot) else slot.words) & _MEASURES:
            continue
        pairs = list(zip(slot.values, lists, strict=False))
        if pairs and len(slot.values) == len(lists) and all(_is_place(one, many) for one, many in pairs):
            return slot
    return None


def numbers(slot: Slot) -> bool:
    """True for names such as correct_answer_num: the number of an option, and not how many there are."""
    return len(slot.words) > 1 and slot.words[-1] in ("num", "number", "no", "nr")


def _rows(options: Sequence[Slot]) -> Sequence[list[object]]:
    return [list(row) for row in zip(*(option.values for option in options), strict=False)]


def _is_place(value: object, options: object) -> bool:
    if not isinstance(options, list) or len(options) < 2 or isinstance(value, bool) or not str(value).isdigit():
        return False
    return 0 <= int(str(value)) <= len(options)
