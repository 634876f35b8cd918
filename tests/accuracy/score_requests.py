"""Scores of request predictions against a labelled corpus: the logic of the corpus's own score_requests.py.

A prediction is {"id", "intent", "fields", "reject": null | true | "reason"}.

* intent accuracy: over all cases (an `accept` alternative counts)
* field P/R/F1: micro, core fields only, over cases whose gold intent carries fields and that are not must-reject
* exact match: intent, reject decision and, where fields are scored, every core field right and none invented
* reject recall: must-reject cases that were flagged; false rejects: other cases that were flagged
* safety counters: wrong approvals, training started from chatter, cancels nobody asked for

A missing prediction counts as intent "none", no fields, no reject. Knows nothing of the parser.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

Case = dict[str, Any]
Prediction = dict[str, Any]
Judgement = dict[str, Any]
Row = tuple[Case, Prediction, Judgement]

CORE = (
    "model", "dataset", "dataset_config", "split", "eval_split", "method", "output_repo", "private", "hardware", "lora",
    "lora_r", "lora_alpha", "epochs", "max_steps", "learning_rate", "batch_size", "grad_accum", "max_length",
    "max_samples", "seed", "budget_usd", "max_hours",
)  # fmt: skip
NUMBERS = frozenset(CORE[CORE.index("lora_r") :])
FLAGS = frozenset({"private", "lora"})
IDS = frozenset({"model", "dataset", "output_repo"})
FIELD_INTENTS = frozenset({"new_request", "revise", "retry", "cost_question"})
FAMILIES = frozenset({"t4", "l4", "l40s", "a10g", "a100", "h100", "h200"})
STOP = frozenset({"the", "my", "our", "a", "an", "model", "dataset", "data", "set", "repo", "repository"})
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _squash(words: str) -> str:
    return re.sub(r"[\W_]", "", words.lower())


def _words(words: str) -> str:
    return _squash("".join(word for word in re.split(r"[\s,]+", words) if word.lower() not in STOP))


def same(field: str, gold: Any, predicted: Any) -> bool:
    """Tell whether a predicted value counts as the labelled one."""
    if predicted is None:
        return False
    if field in FLAGS:
        if isinstance(predicted, str):
            predicted = _TRUTH.get(predicted.lower())
        return predicted is gold or (isinstance(predicted, int) and bool(predicted) == gold)
    if field in NUMBERS or (isinstance(gold, int | float) and not isinstance(gold, bool)):
        try:
            number = float(predicted)
        except (TypeError, ValueError):
            return False
        return bool(abs(number - gold) <= 1e-6 * max(abs(gold), 1e-30)) if gold else number == 0
    predicted, gold = str(predicted).strip(), str(gold)
    if field == "hardware":
        flavor = re.sub(r"[\s_]+", "-", predicted.lower())
        if gold in FAMILIES:
            return re.fullmatch(re.escape(gold) + r"([x-].*)?", flavor) is not None
        return bool(flavor == gold)
    if field in IDS:
        if "/" in gold:
            return bool(predicted == gold)
        if "/" in predicted:  # a resolved id for a short name
            return _squash(gold) in _squash(predicted.split("/")[-1])
        return _words(predicted) == _words(gold)
    return bool(predicted.casefold() == gold.casefold())


def variants(case: Case) -> Iterator[dict[str, Any]]:
    """Yield the label and every accepted alternative to it."""
    base = {"intent": case["intent"], "fields": dict(case["fields"]), "must_reject": case["must_reject"]}
    yield base
    for other in case.get("accept", []):
        variant = {**base, **{key: value for key, value in other.items() if key != "fields"}}
        fields = {**base["fields"], **other.get("fields", {})}
        variant["fields"] = {key: value for key, value in fields.items() if value is not None}
        yield variant


def judge(variant: dict[str, Any], prediction: Prediction) -> Judgement:
    """Compare a prediction with one variant of the label."""
    flagged = bool(prediction.get("reject"))
    scored = variant["intent"] in FIELD_INTENTS and variant["must_reject"] is None
    hits = inventions = misses = 0
    errors: list[str] = []
    extra = (0, 0)
    if scored:
        said = {key: value for key, value in (prediction.get("fields") or {}).items() if value is not None}
        if "lora" not in said and ("lora_r" in said or "lora_alpha" in said):
            said["lora"] = True  # a stated rank implies LoRA
        gold = {key: value for key, value in variant["fields"].items() if key in CORE}
        for key in CORE:
            if key in gold and key in said and same(key, gold[key], said[key]):
                hits += 1
            elif key in gold and key in said:
                inventions, misses = inventions + 1, misses + 1
                errors.append(f"{key}: want {gold[key]!r} got {said[key]!r}")
            elif key in gold:
                misses += 1
                errors.append(f"{key}: missed {gold[key]!r}")
            elif key in said:
                inventions += 1
                errors.append(f"{key}: invented {said[key]!r}")
        others = {key: value for key, value in variant["fields"].items() if key not in CORE}
        extra = (sum(same(key, value, said.get(key)) for key, value in others.items()), len(others))
    intent_ok = prediction.get("intent") == variant["intent"]
    reject_ok = flagged == (variant["must_reject"] is not None)
    return {
        "intent_ok": intent_ok,
        "reject_ok": reject_ok,
        "reason_ok": prediction.get("reject") == variant["must_reject"],
        "scored": scored,
        "hits": hits,
        "inventions": inventions,
        "misses": misses,
        "errors": errors,
        "extra": extra,
        "variant": variant,
        "exact": intent_ok and reject_ok and not errors,
    }


def _goodness(judgement: Judgement) -> tuple[Any, ...]:
    both = judgement["intent_ok"] and judgement["reject_ok"]
    balance = judgement["hits"] - judgement["inventions"] - judgement["misses"]
    return judgement["exact"], both, judgement["intent_ok"] + judgement["reject_ok"], balance


def score(cases: Iterable[Case], predictions: dict[str, Prediction]) -> list[Row]:
    """Judge every case by the variant that suits its prediction best."""
    rows = []
    for case in cases:
        prediction = predictions.get(case["id"], {"intent": "none", "fields": {}, "reject": None})
        best = max((judge(variant, prediction) for variant in variants(case)), key=_goodness)
        rows.append((case, prediction, best))
    return rows


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def summary(rows: list[Row]) -> dict[str, Any]:
    """Add the judgements up."""
    hits, inventions, misses = (sum(each[key] for _, _, each in rows) for key in ("hits", "inventions", "misses"))
    precision, recall = _share(hits, hits + inventions), _share(hits, hits + misses)
    scored = [each for _, _, each in rows if each["scored"]]
    must = [row for row in rows if row[0]["must_reject"] and not any(
        "must_reject" in other and other["must_reject"] is None for other in row[0].get("accept", []))]  # fmt: skip
    may_not = [row for row in rows if not any(variant["must_reject"] for variant in variants(row[0]))]
    extra_hits, extra_all = (sum(each["extra"][part] for _, _, each in rows) for part in (0, 1))

    def accepts(case: Case, intent: str) -> bool:
        return any(variant["intent"] == intent for variant in variants(case))

    return {
        "cases": len(rows),
        "intent_accuracy": _share(sum(each["intent_ok"] for _, _, each in rows), len(rows)),
        "field_precision": precision,
        "field_recall": recall,
        "field_f1": _share(2 * precision * recall, precision + recall),
        "field_cases": len(scored),
        "fields_exact_rate": _share(sum(not each["errors"] for each in scored), len(scored)),
        "exact_match_rate": _share(sum(each["exact"] for _, _, each in rows), len(rows)),
        "reject_recall": _share(sum(bool(said.get("reject")) for _, said, _ in must), len(must)),
        "must_reject_cases": len(must),
        "reject_reason_accuracy": _share(sum(each["reason_ok"] for _, _, each in must), len(must)),
        "false_reject_rate": _share(sum(bool(said.get("reject")) for _, said, _ in may_not), len(may_not)),
        "extra_field_recall": _share(extra_hits, extra_all),
        "wrong_approvals": [
            case["id"] for case, said, _ in rows if said.get("intent") == "approve" and not accepts(case, "approve")
        ],
        "missed_approvals": [
            case["id"]
            for case, said, _ in rows
            if case["intent"] == "approve" and not accepts(case, str(said.get("intent")))
        ],
        "training_from_chatter": [
            case["id"]
            for case, said, _ in rows
            if said.get("intent") in ("new_request", "retry")
            and case["intent"] == "none"
            and not accepts(case, said["intent"])
        ],
        "wrong_cancels": [
            case["id"] for case, said, _ in rows if said.get("intent") == "cancel" and not accepts(case, "cancel")
        ],
    }


def report(
    cases: list[Case], predictions: dict[str, Prediction], *, name: str, errors: bool = False, by_tag: bool = False
) -> None:
    """Print the scores."""
    rows = score(cases, predictions)
    figures = summary(rows)
    print(f"{name}: {figures['cases']} cases, {sum(case['id'] in predictions for case in cases)} predicted")
    for key, value in figures.items():
        if isinstance(value, float):
            print(f"  {key:24s} {value:.3f}")
    print(f"  (fields scored on {figures['field_cases']} cases, must-reject {figures['must_reject_cases']})")
    for key, value in figures.items():
        if isinstance(value, list):
            print(f"  {key:24s} {len(value)} {' '.join(value[:12])}".rstrip())
    confusions = Counter((case["intent"], said.get("intent")) for case, said, each in rows if not each["intent_ok"])
    if confusions:
        print("  intent confusions:", ", ".join(f"{a}->{b} {n}" for (a, b), n in confusions.most_common(12)))
    if by_tag:
        _print_tags(rows)
    if errors:
        for case, said, each in rows:
            if not each["exact"]:
                want = f"{each['variant']['intent']}/{each['variant']['must_reject']}"
                print(f"- {case['id']} want {want} got {said.get('intent')}/{said.get('reject')} {each['errors']}")
                print(f"    {case['text'][:160]!r}")


def _print_tags(rows: list[Row]) -> None:
    tagged: dict[str, list[Judgement]] = defaultdict(list)
    for case, _, each in rows:
        for tag in [*case.get("tags", []), "intent:" + case["intent"]]:
            tagged[tag].append(each)
    for tag, judged in sorted(tagged.items(), key=lambda item: -len(item[1])):
        intent, exact = (_share(sum(each[key] for each in judged), len(judged)) for key in ("intent_ok", "exact"))
        print(f"  {tag:24s} n={len(judged):3d} intent {intent:.2f} exact {exact:.2f}")
