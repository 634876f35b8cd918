"""How well the name of a column fits one of the lists of names that published sets use.

Pure.
"""

from collections.abc import Sequence

from bot.planning.table import Slot, words_of
from bot.planning.vocabulary import FILLERS, METADATA, OTHERS

#: Lists with these words in their names hold inputs and outputs of a program, or shots of a prompt.
_EXAMPLES = {"test", "tests", "example", "examples"}


def rank(slot: Slot, names: Sequence[str]) -> int | None:
    """The place of the slot's name in the list: whole names come before names that end in a listed one."""
    if any(word in OTHERS or word in _EXAMPLES for name in slot.path[:-1] for word in words_of(name)):
        return None
    if slot.key in names:
        return names.index(slot.key)
    words = _telling(slot)
    if set(words) & OTHERS or (words and words[-1] in METADATA and "_".join(words) not in names):
        return None
    for start in range(len(words)):
        key = "_".join(words[start:])
        # a single letter at the end of a name is a mark: answer_a, answer_b
        if key in names and (not start or len(key) > 1):
            return names.index(key) + (len(names) if start else 0)
    return None


def _telling(slot: Slot) -> tuple[str, ...]:
    words = slot.words
    while len(words) > 1 and words[-1] in FILLERS:
        words = words[:-1]
    return words


def head(slot: Slot) -> str:
    """The word of its name that says what it is."""
    return _telling(slot)[-1] if slot.words else ""


def ranked(slots: Sequence[Slot], names: Sequence[str]) -> list[Slot]:
    places = [(place, len(slot.path), number, slot) for number, slot in enumerate(slots)
              if (place := rank(slot, names)) is not None]  # fmt: skip
    return [slot for *_, slot in sorted(places, key=lambda found: found[:3])]
