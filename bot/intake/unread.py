"""What looks like a setting and is none that anybody knows: the card names it, for it changes nothing.

Flags and assignments only; sentences are understood or not as a whole.
"""

import re

from bot.intake import refusals
from bot.intake.sheet import Sheet

#: `key=value` that nobody took off the sheet.
_ASSIGNED = re.compile(
    r"(?<![\w/.$%&?=-])[A-Za-z][\w-]{1,30}=(?:\"[^\"\n\x00]{0,100}\"|'[^'\n\x00]{0,100}'|[^\s,;=\x00]{1,100})"
)
#: Code that was pasted is full of names that set nothing here.
_CODE = re.compile(r"\w\(")
#: So many are named.
_MOST = 5


def unread(sheet: Sheet) -> tuple[str, ...] | None:
    """As typed, each once; None: there are none. For a sheet that every reader has seen."""
    found = list(sheet.unread)
    if not _CODE.search(sheet.tagged.text):
        found += [sheet.tagged.untagged(match[0]).rstrip(".!?") for match in _ASSIGNED.finditer(sheet.text)]
    return tuple(dict.fromkeys(map(refusals.shorten, found)))[:_MOST] or None
