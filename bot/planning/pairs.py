"""Find two answers to one prompt, and which of them is better.

Pure. Four layouts: two named columns, two columns beside a label, two beside scores, and a list with scores or ranks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.models.mapping import At, Call, Constant, Expression
from bot.planning.columns import Kind, kind_of
from bot.planning.deciders import SCORES, by_label, decides, score_twins, twins
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
    "real": ("generated", "fake", "synthetic"),
    "gold": ("generated", "predicted"),
}
_ANSWERS = {
    *("response", "responses", "answer", "output", "completion", "reply", "generation", "summary", "ref", "text"),
    *("conversation", "messages", "candidate", "assistant", "chat", "result", "dialogue", "message", "story"),
    *("conv", "dialog", "continuation", "translation", "explanation", "argument"),
}
_RANKS = {"rank", "ranks", "ranking"}
_BEST = {"best", "chosen", "preferred", "winner", "selected", "accepted"}
_TALK = (Kind.TEXT, Kind.MESSAGES, Kind.SHAREGPT, Kind.TURN)
_SAID = {"response", "answer", "text", "content", "completion", "output", "summary", "body", "generated_text", "value"}


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
                several = bad is not None and (good.kind, bad.kind) == (Kind.TEXT, Kind.TEXTS)
                if bad is not None and (bad.kind is good.kind or several) and good.kind in (*_TALK, Kind.TEXTS):
                    found.append((good, bad, word))
            found += [(good, bad, "good") for bad in table.columns.values() if _negates(good, bad)]
    # `j` and `k` only mark answers; `full_chosen` repeats what `chosen` says
    found.sort(key=lambda names: (list(_NAMED).index(names[2]), len(names[0].words)))
    for good, bad, word in found:
        if word in ("j", "k", "pos", "good", "best", "safe", "win") and not set(good.words) & _ANSWERS:
            continue
        if word in ("real", "gold") and not _begin_alike(good, bad):
            continue
        if bad.kind is Kind.TEXTS:
            best = _first(good) if good.kind is Kind.TEXTS else good.source
            yield Pair(best, _first(bad), Kind.TEXT, (good, bad), ", the first of each list")
        else:
            yield Pair(good.source, bad.source, good.kind, (good, bad))


def _begin_alike(one: Slot, two: Slot) -> bool:
    """True for two conversations with the same first message and different ends."""
    if one.kind not in (Kind.MESSAGES, Kind.SHAREGPT):
        return False
    return all(left[0] == right[0] and left != right for left, right in zip(one.values, two.values, strict=False))


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
    for first, second in twins(table, lambda slot: slot.kind in (*_TALK, Kind.TEXTS) and _is_answer(slot)):
        answers = (first.source, second.source)
        kind = Kind.TEXTS if first.kind is Kind.TEXTS else first.kind
        scores = next(score_twins(table, first), None)
        decided = by_label(table, first, second)
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


def _is_answer(slot: Slot) -> bool:
    return bool(set(slot.words) & _ANSWERS) and not set(slot.words) & {"id", "model", "type", "name", "question"}


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
        for scores in table.slots if not _asked(slot) else ():
            beside = scores.kind is Kind.NUMBERS and scores.path[:-1] == slot.path[:-1] and _rates(scores.path[-1])
            beside = beside or (scores.path[:-1] == slot.path[:-1] and _marks_one_of_two(slot, scores))
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
        if place.kind is Kind.NUMBER and decides(place) and words & _BEST:
            inside = all(
                isinstance(number, int) and 0 <= number < len(value)
                for number, value in zip(place.values, slot.values, strict=False)
            )
            return place if inside else None
    return None


def _marks_one_of_two(texts: Slot, flags: Slot) -> bool:
    """True when each row has two answers, of which one is marked by a 1; more are options of a question."""
    marked = flags.kind is Kind.NUMBERS and flags.key in ("label", "labels") and len(flags.path) > 1
    return marked and not texts.short and all(sorted(value) == [0, 1] for value in flags.values)


def _asked(texts: Slot) -> bool:
    """True for lists of what answers are made of: scores beside them compare no answers."""
    return {"source", "sources", "document", "documents", "passage", "passages"} & set(texts.words) != set()


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
    numbers = [key for key, feature in item_fields(slot).items() if kind_of(key, feature) is Kind.NUMBER]
    score = next((key for key in numbers if _rates(key)), None)
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
    return bool(set(_words(name)) & (SCORES | _RANKS))
