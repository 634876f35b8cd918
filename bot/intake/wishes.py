"""Wishes for more or less of a setting, without a number: "a smaller learning rate", "fewer epochs".

Which value grants one is not known here: a run that failed may have a way on that does.
"""

import re
from collections.abc import Mapping
from typing import Any

from bot.intake import changing

_LESS = r"smaller|lower|fewer|less|shorter|reduced?|decreased?|lower(?:ed)?|gentler"
_MORE = r"larger|bigger|higher|more|longer|raised?|increased?"
_COMPARED = re.compile(
    rf"(?i)\b(?:(?P<less>{_LESS})|(?P<more>{_MORE}))\b(?=(?P<what>(?:[\s_-]+(?!(?:and|or|but)\b)\w+){{1,4}}))"
)


def wishes(text: str) -> dict[str, bool]:
    """Read the settings that are wished for, by their names in TrainingRequest: True for more, False for less."""
    found: dict[str, bool] = {}
    for match in _COMPARED.finditer(text):
        if field := changing.setting_of(match["what"]):
            found.setdefault(field, match["more"] is not None)
    return found


def grants(changes: Mapping[str, Any], wished: Mapping[str, bool], now: Mapping[str, Any]) -> bool:
    """Tell whether changes give every wish: they change its field, and where both values are numbers the right way."""
    return bool(wished) and all(_grants(changes.get(field), more, now.get(field)) for field, more in wished.items())


def _grants(value: Any, more: bool, now: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, int | float) and isinstance(now, int | float):
        return value > now if more else value < now
    return True
