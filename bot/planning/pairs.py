"""Find two answers to one prompt, and which of them is better.

Pure. Four layouts: two named columns, two columns beside a label, two beside scores, and a list with scores or ranks.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.models.mapping import At, Call, Constant, Expression
from bot.planning.columns import Kind, kind_of
from bot.planning.table import Slot, Table, item_fields

#: What preference data calls the better answer -> what it then calls the other. `positive` and `negative` are missing:
#: they belong to embedding models.
_NAMED = {
    "chosen": ("rejected",),
    "accepted": ("rejected",),
    "preferred": ("dispreferred", "rejected", "unpreferred", "non_preferred", "nonpreferred"),
    "better": ("worse",),
    "winner": ("loser",),
    "win": ("lose", "loss"),
    "selected": ("rejected", "unselected"),
    "good": ("bad",),
    "best": ("worst",),
    "safe": ("unsafe",),
    "pos": ("neg",),
    "j": ("k",),
}
_ANSWERS = {
    *("response", "responses", "answer", "output", "completion", "reply", "generation", "summary", "ref", "text"),
    *("conversation", "messages", "candidate", "assistant", "chat", "result", "dialogue", "message", "story"),
    *("conv", "dialog", "continuation", "translation", "explanation", "argument"),
}
#: How columns mark the first and the second answer.
_MARKS = (("a", "b"), ("0", "1"), ("1", "2"), ("left", "right"), ("first", "second"), ("one", "two"), ("x", "y"))
_ALL_MARKS = {mark for marks in _MARKS for mark in marks}
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
_SCORES = {"score", "scores", "rating", "ratings", "reward", "rewards", "overall", "quality", "pm", "votes", "upvotes"}
_RANKS = {"rank", "ranks", "ranking"}
_BEST = {"best", "chosen", "preferred", "winner", "selected", "accepted"}
_TALK = (Kind.TEXT, Kind.MESSAGES, Kind.SHAREGPT, Kind.TURN)
_SAID = {"response", "answer", "text", "content", "completion", "output", "summary", "body", "generated_text", "value"}
_TIES = frozenset({"tie", "ties", "both", "neither", "equal", "same", "both bad", "tie (bothbad)", ""})


@dataclass(frozen=True)
class Pair:
    """Two answers to the same prompt; which is better is known."""

    chosen: Expression
    rejected: Expression
    #: What both hold.
    kind: Kind
    #: For looking into what they hold.
    slots: tuple[Slot, ...]
    #: How it is known, as the end of a sentence.
    how: str = ""

    @property
    def sides(self) -> tuple[tuple[str, Expression], ...]:
        """The two columns of the trainer."""
        return (("chosen", self.chosen), ("rejected", self.rejected))

    @property
    def prefix(self) -> set[str]:
        """The word that the names of both begin with, unless it is what answers are called."""
        starts = [set(slot.words[:1]) for slot in self.slots]
        return set.intersection(*starts) - _ANSWERS - _NAMED.keys() if len(starts) > 1 else set()

    @property
    def columns(self) -> set[str]:
        return {slot.column for slot in self.slots}


def find_pair(table: Table) -> Pair | None:
    """The pair of answers in each row; None where there is none, or nothing says which is better."""
    return next((pair for search in (_named, _decided, _listed) for pair in search(table)), None)


def _named(table: Table) -> Iterator[Pair]:
    found = []
    for good in table.columns.values():
        for word in good.words:
            for other in _NAMED.get(word, ()):
                wanted = "_".join(other if each == word else each for each in good.words)
                bad = table.named((wanted,), *_TALK, Kind.TEXTS, among=tuple(table.columns.values()))
                if bad is not None and bad.kind is good.kind and good.kind in (*_TALK, Kind.TEXTS):
                    found.append((good, bad, word))
            found += [(good, bad, "good") for bad in table.columns.values() if _negates(good, bad)]
    # `j` and `k` only mark answers; `full_chosen` repeats what `chosen` says
    found.sort(key=lambda names: (list(_NAMED).index(names[2]), len(names[0].words)))
    for good, bad, word in found:
        if word in ("j", "k", "pos", "good", "best", "safe", "win") and not set(good.words) & _ANSWERS:
            continue
        if good.kind is Kind.TEXTS:
            yield Pair(_first(good), _first(bad), Kind.TEXT, (good, bad), ", the first of each list")
        else:
            yield Pair(good.source, bad.source, good.kind, (good, bad))


#: How a word is turned into its opposite.
_NEGATIONS = ("not", "non", "un", "dis", "mis", "in", "im")


def _negates(good: Slot, bad: Slot) -> bool:
    """True when the names of two columns of answers differ in a negation only: helpful and unhelpful, x and not_x."""
    if good.kind is not Kind.TEXT or bad.kind is not Kind.TEXT or not set(good.words) & _ANSWERS:
        return False
    if len(bad.words) == len(good.words) + 1:
        return any(
            word in _NEGATIONS[:2] and (*bad.words[:place], *bad.words[place + 1 :]) == good.words
            for place, word in enumerate(bad.words)
        )
    differing = [words for words in zip(good.words, bad.words, strict=False) if words[0] != words[1]]
    return len(good.words) == len(bad.words) and [
        two.removesuffix(one) in _NEGATIONS and two.endswith(one) for one, two in differing
    ] == [True]


def _first(slot: Slot) -> Expression:
    return At(at=(*slot.path, 0))


def _decided(table: Table) -> Iterator[Pair]:
    for first, second in _twins(table, lambda slot: slot.kind in (*_TALK, Kind.TEXTS) and _is_answer(slot)):
        answers = (first.source, second.source)
        kind = Kind.TEXTS if first.kind is Kind.TEXTS else first.kind
        scores = next(_score_twins(table, first), None)
        decided = _by_label(table, first, second)
        if decided is not None:
            label, values = decided
            chosen = Call(call="by_label", to=(label, *_beside(values, answers)))
            rejected = Call(call="by_label", to=(label, *_beside(values, answers[::-1])))
            yield Pair(chosen, rejected, kind, (first, second), ", as the label says")
        elif scores is not None:
            listed = Call(call="both", to=answers)
            by = Call(call="both", to=(scores[0].source, scores[1].source))
            best, worst = Call(call="best", to=(by, listed)), Call(call="worst", to=(by, listed))
            yield Pair(best, worst, kind, (first, second), ", as the scores say")


def _beside(values: tuple[Expression, Expression], answers: tuple[Expression, ...]) -> tuple[Expression, ...]:
    return (values[0], answers[0], values[1], answers[1])


def _twins(table: Table, test: Callable[[Slot], bool]) -> Iterator[tuple[Slot, Slot]]:
    """Columns that differ in one mark only, such as answer_a and answer_b; three of a kind are options."""
    stems: dict[tuple[str, ...], dict[str, Slot]] = {}
    for slot in table.columns.values():
        for place, word in enumerate(slot.words):
            if word in _ALL_MARKS or re.fullmatch(r"[a-z]|\d", word):
                stems.setdefault((*slot.words[:place], "*", *slot.words[place + 1 :]), {})[word] = slot
    for sides in stems.values():
        for marks in _MARKS:
            if set(sides) == set(marks):
                first, second = sides[marks[0]], sides[marks[1]]
                if first.kind is second.kind and test(first):
                    yield first, second


def _is_answer(slot: Slot) -> bool:
    return bool(set(slot.words) & _ANSWERS) and not set(slot.words) & {"id", "model", "type", "name", "question"}


def _score_twins(table: Table, first: Slot) -> Iterator[tuple[Slot, Slot]]:
    marks = {word for word in first.words if word in _ALL_MARKS}
    for one, two in _twins(table, lambda slot: slot.kind in (Kind.NUMBER, Kind.BOOL)):
        named = set(one.words) & (_SCORES | {"winner", "preference", "chosen", "preferred", "better"})
        if named and (marks & set(one.words) or not marks):
            yield one, two


def _by_label(table: Table, first: Slot, second: Slot) -> tuple[Expression, tuple[Expression, Expression]] | None:
    """The label, and its values for the first and for the second answer."""
    marks = [next(word for word in reversed(slot.words) if word in _ALL_MARKS) for slot in (first, second)]
    for slot in table.columns.values():
        if not _decides(slot) or slot.column in (first.column, second.column):
            continue
        values = [value for value in slot.values if str(value).lower() not in _TIES]
        if slot.kind is Kind.LABEL and len(slot.names) >= 2:
            return slot.source, (Constant(constant=0), Constant(constant=1))
        if slot.kind is Kind.BOOL:
            return slot.source, (Constant(constant=True), Constant(constant=False))
        if slot.kind is Kind.TEXT:
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
    return None


def _named_beside(table: Table, label: Slot, marks: list[str]) -> tuple[Expression, Expression] | None:
    """Two columns with the names of who answered, one of which the label repeats."""
    for one, two in _twins(table, lambda slot: slot.kind is Kind.TEXT and slot.short):
        rows = [row for row in table.rows if str(row.get(label.column)).lower() not in _TIES | {"none"}]
        repeats = all(row.get(label.column) in (row.get(one.column), row.get(two.column)) for row in rows)
        if rows and repeats and {marks[0]} & set(one.words) and {marks[1]} & set(two.words):
            return one.source, two.source
    return None


def _turned(table: Table, label: Slot, first: Slot) -> bool:
    """True when the scores say that label 1 means the first answer, as in SHP."""
    for one, two in _score_twins(table, first):
        for row in table.rows:
            left, right = row.get(one.column), row.get(two.column)
            if isinstance(left, int | float) and isinstance(right, int | float) and left != right:
                return bool(row.get(label.column) == int(left > right))
    return False


def _decides(slot: Slot) -> bool:
    if slot.kind not in (Kind.TEXT, Kind.NUMBER, Kind.LABEL, Kind.BOOL) or slot.empty or slot.long or not slot.words:
        return False
    words = set(slot.words)
    if {"better", "safer", "preferred", "chosen", "winner", "winning", "best"} & words and words & {
        "id",
        "idx",
        "index",
    }:
        return True
    if any(word in _ALL_MARKS and word.isalpha() for word in slot.words[1:]):
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


def _listed(table: Table) -> Iterator[Pair]:
    """A list of answers that carry scores, or a list beside a list of scores."""
    for slot in table.columns.values():
        if slot.kind in (Kind.STRUCTS, Kind.SHAREGPT) and not slot.json:
            yield from _scored_items(table, slot)
    for slot in table.slots:
        if slot.kind is not Kind.TEXTS or slot.of_each:
            continue
        if (place := _place_of_best(table, slot)) is not None:
            best, other = (Call(call=name, to=(slot.source, place.source)) for name in ("picked", "passed_over"))
            yield Pair(best, other, Kind.TEXT, (slot,), f", as {place.told} says")
        for scores in table.slots:
            beside = scores.kind is Kind.NUMBERS and scores.path[:-1] == slot.path[:-1] and _rates(scores.path[-1])
            if beside and _as_many(slot, scores):
                ranks = set(scores.words) & _RANKS
                by = Call(call="negative", to=(scores.source,)) if ranks else scores.source
                yield _scored(slot.source, by, slot)


def _place_of_best(table: Table, slot: Slot) -> Slot | None:
    """The column that says where in a list of answers the best one stands; options of a question are no such list."""
    several = slot.long and all(isinstance(value, list) and len(value) > 1 for value in slot.values)
    if not several or not {word.removesuffix("s") for word in slot.words} & _ANSWERS:
        return None
    for place in table.columns.values():
        words = set(place.words)
        if place.kind is Kind.NUMBER and _decides(place) and words & _BEST:
            inside = all(
                isinstance(number, int) and 0 <= number < len(value)
                for number, value in zip(place.values, slot.values, strict=False)
            )
            return place if inside else None
    return None


def _as_many(texts: Slot, scores: Slot) -> bool:
    """True when each answer has its score, and some row has several."""
    sizes = [
        (len(one), len(two))
        for one, two in zip(texts.values, scores.values, strict=False)
        if isinstance(one, list) and isinstance(two, list)
    ]
    return all(one == two for one, two in sizes) and any(one > 1 for one, _ in sizes)


def _scored_items(table: Table, slot: Slot) -> Iterator[Pair]:
    """Answers in the items of a list, with their scores, or with a label that names the better of two."""
    fields = {key.lower(): key for key in item_fields(slot)}
    text = next((fields[key] for key in fields if key in _SAID), None)
    if text is None:
        return
    score = next((key for key in item_fields(slot) if _rates(key)), None)
    flags = [key for key, feature in item_fields(slot).items() if kind_of(key, feature) is Kind.BOOL]
    score = score or next((key for key in flags if set(_words(key)) & _BEST), None)
    if score is not None:
        by: Expression = Call(call="each", to=(slot.source, Constant(constant=score)))
        by = Call(call="negative", to=(by,)) if set(_words(score)) & _RANKS else by
        yield _scored(Call(call="each", to=(slot.source, Constant(constant=text))), by, slot)
        return
    choice = table.named(("choice", "label", "best", "preferred"), Kind.NUMBER, Kind.LABEL)
    if choice is not None and slot.values and all(isinstance(value, list) and len(value) == 2 for value in slot.values):
        sides = tuple(At(at=(*slot.path, place, text)) for place in (0, 1))
        values = (Constant(constant=0), Constant(constant=1))
        better = Call(call="by_label", to=(choice.source, *_beside(values, sides)))
        worse = Call(call="by_label", to=(choice.source, *_beside(values, sides[::-1])))
        yield Pair(better, worse, Kind.TEXT, (slot,), ", as the label says")


def _scored(answers: Expression, by: Expression, slot: Slot) -> Pair:
    best, worst = Call(call="best", to=(by, answers)), Call(call="worst", to=(by, answers))
    return Pair(best, worst, Kind.TEXT, (slot,), ", the best against the worst")


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Za-z]+|\d+", name)]


def _rates(name: str) -> bool:
    return bool(set(_words(name)) & (_SCORES | _RANKS))
