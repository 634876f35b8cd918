"""What the form offers below a name that is being typed. Does not search: that is form_names.py's."""

from collections.abc import Sequence
from typing import Any

from slack_sdk.models.blocks import OptionGroup, PlainTextObject

from handlers.form_names import Offer, TypeAhead
from handlers.views.form import OPTION_VALUE, name_option

#: Names that were used lately, of all that fit.
_LATELY = 6


def offers(words: str, *, lately: Sequence[str], example: str, finder: TypeAhead | None) -> list[dict[str, Any]]:
    """Groups of options for an external select: used lately, found on the Hub, and the words as they are.

    `finder` None: nothing is looked up.
    """
    words = " ".join(words.split())
    used = [name for name in dict.fromkeys(lately) if _fits(name, words) and len(name) <= OPTION_VALUE][:_LATELY]
    if not words:
        return _groups(("Used lately", used), ("To begin with", [example] if example not in used else []))
    found = finder.find(words) if finder else Offer()
    names = [name for name in found.names if name not in used and len(name) <= OPTION_VALUE]
    typed = [] if words in (*used, *names) or len(words) > OPTION_VALUE else [words]
    title = "As typed" if found.complete else "As typed; the Hub does not answer yet"
    groups = _groups(("Used lately", used), ("On the Hub", names))
    if typed:
        options = [name_option(words, f"Use “{words}” as typed")]
        groups.append(OptionGroup(label=PlainTextObject(text=title), options=options).to_dict())
    return groups


def _groups(*groups: tuple[str, Sequence[str]]) -> list[dict[str, Any]]:
    return [
        OptionGroup(
            label=PlainTextObject(text=label),
            options=[name_option(name) for name in names],
        ).to_dict()
        for label, names in groups
        if names
    ]


def _fits(name: str, words: str) -> bool:
    return all(word in name.lower() for word in words.lower().split())
