"""Which of the script's reward functions judge the answers of a GRPO run.

Pure: the mapping and sample rows in, names out. The functions themselves stand in templates/scripts/rewards.py.j2,
their weights in bot/training/render.py.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.models import ColumnMapping
from bot.rows import converted

#: A number and nothing else, as people and data sets write it: "-3", "1,200", "3.5".
_NUMBER = re.compile(r"-?[\d,]*\.?\d+%?")
#: Marks of formulas, which math-verify compares by their value.
_FORMULA = re.compile(r"\\[a-zA-Z]+|\^|\$")
#: What people call them -> the names of the script.
_NAMED = {
    **{name: name for name in ("exact", "number", "math", "format", "length")},
    "accuracy": "math",
    "exact_match": "exact",
    "numeric": "number",
}


def choose_rewards(
    mapping: ColumnMapping, rows: Sequence[Mapping[str, Any]], named: str | None
) -> tuple[tuple[str, ...], str]:
    """The rewards, being right before looking right, and why these; a name that is not ours is not followed."""
    if mapping.answer is None:
        return ("format",), "no reference answer to compare with, so only the form can be judged"
    known = _NAMED.get((named or "").lower().removesuffix("_reward").replace(" ", "_"))
    if known is not None:
        return (known,), "as named"
    answers = [str(row["answer"]).strip() for row in converted(rows, mapping)]
    if answers and not all(_NUMBER.fullmatch(answer) for answer in answers):
        if any(_FORMULA.search(answer) for answer in answers):
            return ("math", "format"), "the reference answers are formulas"
        return ("exact", "format"), "the reference answers are words"
    return ("number", "format"), "the reference answers are numbers"


def is_ours(name: str) -> bool:
    """Whether a reward of this name can be had."""
    return name.lower().removesuffix("_reward").replace(" ", "_") in _NAMED
