"""Scores of dataset verdicts against a labelled corpus: the logic of the corpus's own score_schemas.py.

A prediction is {"id", "config", "split", "methods", "ready", "recommended", "mapping", "mappings", "drop"}.

* methods: which of sft, dpo, grpo, kto, reward the rows serve; core are the first three; a method that the labels call
  optional counts neither way
* ready: those whose trainer takes the rows as they are and trains on what is meant
* recommended: strict, or one of those that the labels accept
* mapping: of the recommended method, by columns (core) or by exact place (strict); `a+b` keeps its order
* refusals: cases that serve no core method and are refused

A missing prediction serves nothing. Knows nothing of the judge.
"""

from collections.abc import Iterator
from typing import Any

Case = dict[str, Any]
Prediction = dict[str, Any]
Place = str | frozenset[str]

METHODS = ("sft", "dpo", "grpo", "kto", "reward")
CORE = METHODS[:3]
#: Names of the same target.
ALIASES = {
    "response": "completion", "output": "completion", "solution": "answer", "ground_truth": "answer",
    "reference": "answer", "conversations": "messages", "conversation": "messages", "system_prompt": "system",
    "image": "images",
}  # fmt: skip
#: Targets that a mapping may have or lack.
SIDE = {"system", "tools", "by", "images"}
NOTHING: Prediction = {"methods": [], "ready": [], "recommended": None, "mapping": {}}


class Count:
    """True and false positives and negatives."""

    def __init__(self) -> None:
        self.tp = self.fp = self.fn = self.tn = 0

    def add(self, *, predicted: bool, gold: bool) -> None:
        name = ("t" if predicted == gold else "f") + ("p" if predicted else "n")
        setattr(self, name, getattr(self, name) + 1)

    def figures(self) -> dict[str, float]:
        precision = self.tp / (self.tp + self.fp) if self.tp + self.fp else 1.0
        recall = self.tp / (self.tp + self.fn) if self.tp + self.fn else 1.0
        both = precision + recall
        f1 = 2 * precision * recall / both if both else 0.0
        counts = {"tp": self.tp, "fp": self.fp, "fn": self.fn}
        return {"P": round(precision, 3), "R": round(recall, 3), "F1": round(f1, 3), **counts}


def _columns(expression: str, columns: list[str], *, strict: bool) -> tuple[Place, ...]:
    """The columns that an expression names, in order; strict keeps places inside of them."""
    found: list[Place] = []
    for part in expression.split("+"):
        names = frozenset(_column(name.strip(), columns, strict=strict) for name in part.split("|"))
        found.append(next(iter(names)) if len(names) == 1 else names)
    return tuple(found)


def _column(name: str, columns: list[str], *, strict: bool) -> str:
    if strict or name in columns:
        return name
    longest = sorted(columns, key=len, reverse=True)
    return next((column for column in longest if name.startswith((f"{column}.", f"{column}["))), name)


def _plain(mapping: dict[str, str] | None, columns: list[str], *, strict: bool) -> dict[str, tuple[Place, ...]]:
    named = {ALIASES.get(target, target): source for target, source in (mapping or {}).items() if source}
    return {
        target: _columns(source, columns, strict=strict)
        for target, source in named.items()
        if strict or target not in SIDE
    }


def same(predicted: dict[str, str] | None, gold: dict[str, str], columns: list[str], *, strict: bool) -> bool:
    """Whether two mappings say the same; the system prompt may also stand in front of the prompt."""
    ours, theirs = (_plain(mapping, columns, strict=strict) for mapping in (predicted, gold))
    if ours == theirs or "system" not in gold or "prompt" not in theirs:
        return ours == theirs
    joined = _columns(gold["system"], columns, strict=strict) + theirs["prompt"]
    return ours == {name: value for name, value in theirs.items() if name != "system"} | {"prompt": joined}


def golds(case: Case, method: str | None) -> list[dict[str, str]]:
    """The mappings that are right for a method."""
    labels = case["labels"]
    if method == labels["recommended"]:
        return [labels["mapping"], *labels["mapping_alt"]] if labels["mapping"] else []
    accepted = method in labels["accept_recommended"] and method in labels["mapping_other"]
    return [labels["mapping_other"][method]] if accepted else []


def score(cases: list[Case], predictions: list[Prediction]) -> tuple[dict[str, Any], list[tuple[str, ...]]]:
    """All scores, and what was wrong: (case, what, predicted, gold)."""
    by_key = {(each["id"], each["config"], each["split"]): each for each in predictions}
    methods, ready = {name: Count() for name in METHODS}, {name: Count() for name in METHODS}
    totals: dict[str, int] = dict.fromkeys(
        ("exact", "strict", "accepted", "refused", "to_refuse", "mappings", "mapped", "mapped_strictly", "given",
         "given_right"), 0,
    )  # fmt: skip
    errors: list[tuple[str, ...]] = []
    for case in cases:
        said = by_key.get((case["id"], case["config"], case["split"]), NOTHING)
        wrong = list(_compare(case, said, methods, ready))
        totals["exact"] += not any(what == "methods" and which in CORE for _, what, which, *_ in wrong)
        _count(case, said, totals)
        errors += wrong
    size, mapped = len(cases), max(totals["mappings"], 1)
    return {
        "cases": size,
        "methods": {name: count.figures() for name, count in methods.items()},
        "methods core": _sum(methods, CORE).figures(),
        "methods all five": _sum(methods, METHODS).figures(),
        "methods core, exact set": round(totals["exact"] / size, 3),
        "ready core": _sum(ready, CORE).figures(),
        "false ready": _sum(ready, CORE).fp,
        "missed ready": _sum(ready, CORE).fn,
        "recommended": round(totals["strict"] / size, 3),
        "recommended, accepted": round(totals["accepted"] / size, 3),
        "refused": f"{totals['refused']}/{totals['to_refuse']}",
        "mapping exact": round(totals["mapped"] / mapped, 3),
        "mapping exact, places too": round(totals["mapped_strictly"] / mapped, 3),
        "mapping, method given": f"{totals['given_right']}/{totals['given']}",
    }, errors


def _sum(counts: dict[str, Count], names: tuple[str, ...]) -> Count:
    total = Count()
    for name in names:
        for field in ("tp", "fp", "fn", "tn"):
            setattr(total, field, getattr(total, field) + getattr(counts[name], field))
    return total


def _compare(
    case: Case, said: Prediction, methods: dict[str, Count], ready: dict[str, Count]
) -> Iterator[tuple[str, ...]]:
    labels, columns = case["labels"], list(case["features"])
    key = f"{case['id']} {case['config'] or ''} {case['split'] or ''}"
    for what, counts, optional in (("methods", methods, "optional"), ("ready", ready, "ready_optional")):
        for name in METHODS:
            if name in labels[optional]:
                continue
            predicted, gold = name in said[what], name in labels[what]
            counts[name].add(predicted=predicted, gold=gold)
            if predicted != gold:
                yield key, what, name, f"predicted {predicted}", labels["why_not"].get(name, "")
    accepted = {*labels["accept_recommended"], labels["recommended"]}
    if said["recommended"] not in accepted:
        yield key, "recommended", str(said["recommended"]), f"gold {sorted(map(str, accepted))}"
    right = golds(case, said["recommended"])
    if right and not any(same(said["mapping"], gold, columns, strict=False) for gold in right):
        yield key, "mapping", str(said["mapping"]), f"gold {right[0]}"


def _count(case: Case, said: Prediction, totals: dict[str, int]) -> None:
    labels, columns = case["labels"], list(case["features"])
    best = said["recommended"]
    totals["strict"] += best == labels["recommended"]
    totals["accepted"] += best in {*labels["accept_recommended"], labels["recommended"]}
    if not any(name in labels["methods"] + labels["optional"] for name in CORE):
        totals["to_refuse"] += 1
        totals["refused"] += best not in CORE and not any(name in said["methods"] for name in CORE)
    if not labels["mapping"]:
        return
    right = golds(case, best)
    totals["mappings"] += 1
    totals["mapped"] += any(same(said["mapping"], gold, columns, strict=False) for gold in right)
    totals["mapped_strictly"] += any(same(said["mapping"], gold, columns, strict=True) for gold in right)
    for name in {labels["recommended"], *labels["mapping_other"]}:
        others = [labels["mapping_other"][name]] if name in labels["mapping_other"] else golds(case, name)
        totals["given"] += 1
        ours = said.get("mappings", {}).get(name)
        totals["given_right"] += any(same(ours, gold, columns, strict=False) for gold in others)


def report(scores: dict[str, Any]) -> None:
    """Print the scores."""
    for name, value in scores.items():
        if name == "methods":
            for method, figures in value.items():
                print(f"  {method:<26} {_line(figures)}")
        else:
            print(f"  {name:<26} {_line(value) if isinstance(value, dict) else value}")


def _line(figures: dict[str, float]) -> str:
    return "  ".join(f"{name} {value}" for name, value in figures.items())
