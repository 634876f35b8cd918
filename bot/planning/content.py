"""What texts tell by themselves: which are sentences, and which ask. For columns whose names tell nothing.

Pure. Knows no training method.
"""

import re
from collections.abc import Callable, Sequence

from bot.planning.columns import Kind, json_value
from bot.planning.table import Slot, Table

#: The share of a column's texts that decides what the column is: a few are always odd.
_MOST = 0.8
#: Fewer words make a name or a class.
_WORDS = 4
#: Characters of a script without spaces that say about as much.
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_DENSE_CHARACTERS = 8
#: How instructions and questions begin; a question mark at the end says the same.
_ASKING = re.compile(
    r"(what|why|how|when|where|who|whom|whose|which|is|are|was|were|do|does|did|can|could|would|should|will|"
    r"write|explain|describe|list|give|name|tell|solve|find|compute|calculate|create|generate|summari[sz]e|translate|"
    r"suggest|compare|convert|identify|classify|rewrite|implement|design|please|prove|determine|evaluate|help)\b",
    re.IGNORECASE,
)
_QUESTION_MARKS = ("?", "？", "؟")


def is_prose(slot: Slot) -> bool:
    """True for a column of sentences or code: no names, numbers, dates, addresses or JSON."""
    if slot.kind is not Kind.TEXT or len(slot.path) > 1 or slot.json or not slot.texts:
        return False
    return _share(slot, _says_something) >= _MOST


def _says_something(text: str) -> bool:
    return (len(text.split()) >= _WORDS or len(_DENSE.findall(text)) >= _DENSE_CHARACTERS) and json_value(text) is None


def _asks(text: str) -> bool:
    """True for what ends with a question mark, or begins as questions and instructions do."""
    return text.strip().endswith(_QUESTION_MARKS) or _ASKING.match(text.strip()) is not None


def asks(slot: Slot) -> bool:
    """True when most texts of a column ask, and do not answer themselves as riddles do."""
    return (
        _share(slot, lambda text: _asks(text) and not any(mark in text.strip()[:-1] for mark in _QUESTION_MARKS))
        >= _MOST
    )


#: How the first line of a program's preamble begins.
_IMPORTS = re.compile(r"(import|from \w\S* import|#include|using|package|require)\b")


def is_preamble(slot: Slot) -> bool:
    """True for what programs begin with, such as imports, without a word on what they are to do."""
    return bool(slot.texts) and all(
        _IMPORTS.match(text.lstrip()) is not None and not any(mark in text for mark in ('"""', "'''", "/*", "//"))
        for text in slot.texts
    )


def the_one_that_asks(slots: Sequence[Slot]) -> Slot | None:
    """The question among texts, when most texts of one column ask and few of the others do."""
    asking = [slot for slot in slots if _share(slot, _asks) > 1 - _MOST]
    return asking[0] if len(asking) == 1 and _share(asking[0], _asks) >= _MOST else None


def _share(slot: Slot, test: Callable[[str], bool]) -> float:
    return sum(map(test, slot.texts)) / max(len(slot.texts), 1)


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
