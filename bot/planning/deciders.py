"""Columns that come in twos, and what says which of the two is better: a label, names or scores.

Pure.
"""

import re
from collections.abc import Callable, Iterator

from bot.models.mapping import Call, Constant, Expression
from bot.planning.columns import Kind
from bot.planning.table import Slot, Table
from bot.rows.functions import BETTER, COMPARED

#: How columns mark the first and the second answer.
_MARKS = (("a", "b"), ("0", "1"), ("1", "2"), ("left", "right"), ("first", "second"), ("one", "two"), ("x", "y"))
ALL_MARKS = {mark for marks in _MARKS for mark in marks}
_DECIDERS = {
    *(
        "preference",
        "preferences",
        "winner",
        "label",
        "labels",
        "choice",
        "vote",
        "preferred",
        "better",
        "best",
        "chosen",
    ),
    *("verdict", "judgment", "judgement", "annotation", "selected", "ranking"),
}
SCORES = {"score", "scores", "rating", "ratings", "reward", "rewards", "overall", "quality", "pm", "votes", "upvotes"}
_TIES = frozenset(
    {
        "tie",
        "ties",
        "both",
        "neither",
        "equal",
        "same",
        "both bad",
        "both_bad",
        "bothbad",
        "tie (bothbad)",
        "draw",
        "",
    }
)


#: What the answer is called in a struct that tells more about it.
_TOLD = ("text", "content", "value")


def twins(table: Table, test: Callable[[Slot], bool]) -> Iterator[tuple[Slot, Slot]]:
    """Columns that differ in one mark only, such as answer_a and answer_b; three of a kind are options."""
    stems: dict[tuple[str, ...], dict[str, Slot]] = {}
    # a struct with a text counts as that text
    told = [slot for slot in table.inner if len(slot.path) == 2 and not slot.of_each and slot.path[-1] in _TOLD]
    for slot in (*table.columns.values(), *told):
        for place, word in enumerate(slot.words):
            if word in ALL_MARKS or re.fullmatch(r"[a-z]|\d", word):
                stems.setdefault((*slot.words[:place], "*", *slot.words[place + 1 :]), {})[word] = slot
    for sides in stems.values():
        for marks in _MARKS:
            if set(sides) == set(marks):
                first, second = sides[marks[0]], sides[marks[1]]
                if first.kind is second.kind and test(first):
                    yield first, second


def score_twins(table: Table, first: Slot) -> Iterator[tuple[Slot, Slot]]:
    marks = {word for word in first.words if word in ALL_MARKS}
    for one, two in twins(table, lambda slot: slot.kind in (Kind.NUMBER, Kind.BOOL)):
        named = set(one.words) & (SCORES | {"winner", "preference", "chosen", "preferred", "better"})
        if named and (marks & set(one.words) or not marks):
            yield one, two


def by_label(table: Table, first: Slot, second: Slot) -> tuple[Expression, tuple[Expression, Expression]] | None:
    """The label, and its values for the first and for the second answer."""
    marks = [next(word for word in reversed(slot.words) if word in ALL_MARKS) for slot in (first, second)]
    for slot in table.columns.values():
        if not decides(slot) or slot.column in (first.column, second.column):
            continue
        values = [value for value in slot.values if str(value).lower() not in _TIES]
        if slot.kind is Kind.LABEL and len(slot.names) >= 2:
            return slot.source, (Constant(constant=0), Constant(constant=1))
        if slot.kind is Kind.BOOL:
            return slot.source, (Constant(constant=True), Constant(constant=False))
        if slot.kind is Kind.TEXT:
            if (compared := _compared(values, marks)) is not None:
                return Call(call="ahead", to=(slot.source,)), compared
            words = _label_words(values, first, second, marks)
            if words is None and (names := _named_beside(table, slot, marks)) is not None:
                return slot.source, names
            if words is not None:
                return slot.source, (Constant(constant=words[0]), Constant(constant=words[1]))
        if slot.kind is Kind.NUMBER:
            numbers = [value for value in values if isinstance(value, int | float)]
            if any(value < 0 for value in numbers) or {"overall", "strength", "margin"} & set(slot.words):
                return Call(call="side", to=(slot.source,)), (Constant(constant=-1), Constant(constant=1))
            if _turned(table, slot, first):
                return slot.source, (Constant(constant=1), Constant(constant=0))
            base = 1 if marks == ["1", "2"] and not any(value == 0 for value in numbers) else 0
            return slot.source, (Constant(constant=base), Constant(constant=base + 1))
    return _voted(table, marks)


def _voted(table: Table, marks: list[str]) -> tuple[Expression, tuple[Expression, Expression]] | None:
    """What one or several people say in words such as "A-is-clearly-better"; of several aspects, the overall one."""
    found = [slot for slot in table.slots if slot.kind in (Kind.TEXT, Kind.TEXTS) and not slot.empty]
    found = [slot for slot in found if set(slot.words) & {*_DECIDERS, "pref", "prefs"}]
    for slot in sorted(found, key=lambda slot: "overall" not in slot.words):
        said = [str(vote) for value in slot.values for vote in (value if isinstance(value, list) else [value])]
        votes = [BETTER.match(vote) for vote in said if vote.lower() not in _TIES]
        sides = {match[1] for match in votes if match is not None}
        if None in votes or not sides:
            continue
        for way in (tuple(mark.upper() for mark in marks), tuple(marks)):
            names = [next((side for side in sides if side.endswith(mark)), None) for mark in way]
            stem = next((name[:-1] for name in names if name is not None), "")
            if sides <= {stem + mark for mark in way}:
                values = (Constant(constant=stem + way[0]), Constant(constant=stem + way[1]))
                return Call(call="favoured", to=(slot.source,)), values
    return None


def _compared(values: list[object], marks: list[str]) -> tuple[Expression, Expression] | None:
    """How a comparison such as "A>B" calls the two answers."""
    found = [COMPARED.match(str(value)) for value in values]
    said = {side for match in found if match is not None for side in (match[1], match[3])}
    if None in found or len(said) != 2:
        return None
    one, two = sorted(said, key=str.lower)
    fits = one.lower().endswith(marks[0]) and two.lower().endswith(marks[1])
    return (Constant(constant=one), Constant(constant=two)) if fits else None


def _named_beside(table: Table, label: Slot, marks: list[str]) -> tuple[Expression, Expression] | None:
    """Two columns with the names of who answered, one of which the label repeats."""
    for one, two in twins(table, lambda slot: slot.kind is Kind.TEXT and slot.short):
        rows = [row for row in table.rows if str(row.get(label.column)).lower() not in _TIES | {"none"}]
        repeats = all(row.get(label.column) in (row.get(one.column), row.get(two.column)) for row in rows)
        if rows and repeats and {marks[0]} & set(one.words) and {marks[1]} & set(two.words):
            return one.source, two.source
    return None


def _turned(table: Table, label: Slot, first: Slot) -> bool:
    """True when the scores say that label 1 means the first answer, as in SHP."""
    for one, two in score_twins(table, first):
        for row in table.rows:
            left, right = row.get(one.column), row.get(two.column)
            if isinstance(left, int | float) and isinstance(right, int | float) and left != right:
                return bool(row.get(label.column) == int(left > right))
    return False


def decides(slot: Slot) -> bool:
    if slot.kind not in (Kind.TEXT, Kind.NUMBER, Kind.LABEL, Kind.BOOL) or slot.empty or slot.long or not slot.words:
        return False
    words = set(slot.words)
    if {"better", "safer", "preferred", "chosen", "winner", "winning", "best"} & words and words & {
        "id",
        "idx",
        "index",
    }:
        return True
    if any(word in ALL_MARKS and word.isalpha() for word in slot.words[1:]):
        return False
    return bool(slot.words) and (
        slot.words[-1] in _DECIDERS or slot.words[0] in ("winner", "preferred", "better", "preference")
    )


def _label_words(values: list[object], first: Slot, second: Slot, marks: list[str]) -> tuple[str, str] | None:
    """The words by which a label names the two answers: "A" and "B", "model_a", "response_1", "1"."""
    said = {str(value) for value in values}
    ways = [
        tuple(marks),
        tuple(mark.upper() for mark in marks),
        (first.column, second.column),
        *((f"{word}{gap}{marks[0]}", f"{word}{gap}{marks[1]}")
          for word in ("model", "response", "answer", "assistant", "output", "Response", "Answer", "Model")
          for gap in ("_", " ", "")),
        ("1", "2"), ("0", "1"), ("A", "B"), ("a", "b"), ("left", "right"), ("first", "second"),
    ]  # fmt: skip
    found = next((way for way in ways if said and said <= set(way)), None)
    return (found[0], found[1]) if found else None
