"""Names that are bare words: "train kestrel on the open hermes dataset", and words in order behind `/finetune`.

Takes a word for a name only where the sentence says that a name stands there and the word is no ordinary one.
"""

import re

from bot.intake import hub_names, refusals
from bot.intake.own_data import speaks_of_own_data
from bot.intake.sheet import Sheet, rule
from bot.intake.words import is_common, is_namelike, may_be_name, word_set

_WORD = r"[A-Za-z0-9][\w.-]{0,95}"
_ON = r"(?:on|sur|auf|over|sobre|with|using|avec|mit|con|com|usando|from|em|against|mit dem|en utilisant)"
_DATASET_WORDS = [
    rule(
        rf"\b{_ON} (?:the |our |my |a |le |la |les |el |los |o |den |dem "
        rf"|das )?(?P<w>(?:{_WORD} ){{1,4}}?)(?:dataset|datensatz|corpus|data ?set)\b"
    ),
    rule(rf"\b(?:the |le |el |o )(?P<w>(?:{_WORD} ){{1,4}}?)(?:dataset|datensatz|corpus|data ?set)\b"),
    rule(
        rf"\b(?:dataset|datensatz|data ?set|corpus|jeu de données|conjunto de datos|conjunto de dados)(?: (?:is"
        rf"|called|named|to|for|with|should be|=|to be))*:? [\"']?(?P<w>{_WORD})"
    ),
    rule(
        rf"数据集\s?(?:是|为|用|:)?\s?(?P<w>{_WORD})|(?P<v>{_WORD})\s?(?:数据集|データセット)|データセット(?:は"
        rf"|:)?\s?(?P<u>{_WORD})|(?:在|用)\s?(?P<x>{_WORD})\s?(?:上|数据)"
    ),
    # "on tiny shakespeare", "on the cosmopedia 100k"
    rule(
        r"\b(?:on|sur|auf|sobre|over) (?:the )?(?P<pair>(?!(?:our|my|your|a|an|some|any|all|this|that|these|the|it)\b)"
        r"[A-Za-z][\w.-]{2,40} (?:[A-Za-z][\w.-]{2,40}|\d{1,4}k))(?=\s*(?:$|[,.;(]|(?:please|pls|plz|for"
        r"|with|using|w/|and|at|in|under|below|max|within|up)\b|\x00))"
    ),
    rule(rf"\b(?:on|sur|auf|sobre|over) (?:the )?[\"']?(?P<w>{_WORD})(?![\w/])"),
    rule(rf"\b(?:with|using|from|avec|mit|con|com|usando|en|em) (?:the )?[\"']?(?P<n>{_WORD})(?![\w/])"),
]
_MODEL_WORDS = [
    rule(
        rf"\b(?:model|modell|modèle|modelo)(?: (?:is|called|named|to|for|with|should be|="
        rf"|to be))*:? [\"']?(?P<w>{_WORD})"
    ),
    rule(
        rf"\b(?:fine[\s-]?tune|finetune|fine-tuner|fine-tunen|train|tune|entraîne[rz]?|entrena|treine|treina"
        rf"|trainiere|take|adapt|align|sft|dpo|grpo) (?:the |our |my |le |el |o "
        rf"|das )?[\"']?(?P<w>{_WORD}(?: \d{{1,4}}(?:\.\d)?[bBmM])?)(?![\w/])(?= (?:on"
        rf"|with|using|sur|auf|mit|con|com|over|from|to|for|and|en|em)\b|,|$|\s?\x00)"
    ),
    rule(rf"\b(?:based on|starting from|on top of) (?:the )?(?P<w>{_WORD})(?![\w/])"),
    rule(rf"(?:微调|训练)\s?(?P<w>{_WORD})|(?P<v>{_WORD})\s?を"),
]


#: "... like my chat examples, use tiny-chat": data of one's own that have a name, after all.
_OWN_NAMED = rule(
    rf"\b(?:use|using|take|called|named|namely|it'?s|they are|data|dataset|examples|file)[:\s]\s?(?:the )?"
    rf"[\"']?(?P<w>{_WORD})(?![\w/])"
)


def read_bare_names(sheet: Sheet, *, positional: bool) -> None:
    """Settle names that are bare words, where the sentence says that a name stands there."""
    for field, patterns in (("dataset", _DATASET_WORDS), ("model", _MODEL_WORDS)):
        for pattern in patterns:
            if sheet.has(field):
                break
            for match in sheet.find(pattern):
                name = _bare(match)
                if name and not sheet.has(field):
                    group = next(key for key, value in match.groupdict().items() if value)
                    say_word(sheet, field, name, match.start(group) + match[group].index(name))
                    break
    if not sheet.has("dataset") and speaks_of_own_data(sheet.tagged.text):
        for match in sheet.find(_OWN_NAMED):
            word = match["w"].rstrip(".-")
            if is_namelike(word) and hub_names.modelness(word) < 2 and not sheet.has("dataset"):
                say_word(sheet, "dataset", word, match.start("w"))
    if positional:
        _positional(sheet)
    elif sheet.has("model") != sheet.has("dataset"):
        _listed(sheet)


_SECOND = re.compile(rf"(?i)\s?(?:and|or|plus|\+|&|und|et|y|e|和)\s?(?:also |the |on |with )*(?P<w>{_WORD})(?![\w/])")


def is_marked(word: str) -> bool:
    """Tell whether a word looks like a name because of a number or an underscore in it: "tickets-v2"."""
    return is_namelike(word) and re.search(r"\d|_", word) is not None


def say_word(sheet: Sheet, field: str, name: str, start: int) -> None:
    """Say a bare word; refuse "tickets-v1 and tickets-v2"."""
    end = start + len(name)
    sheet.say(field, name, sheet.take(start, end))
    match = _SECOND.match(sheet.text, end)
    if match and is_marked(match["w"]):
        refuse = refusals.several_datasets if field == "dataset" else refusals.several_models
        sheet.refuse(refuse([str(sheet.said[-1].value), match["w"]]))


#: Beside a name these are no part of it: "on capybara today".
_IN_PASSING = word_set(
    "with for using and at in from to via by on as of it is are was "
    "today tonight tomorrow now asap please thanks first next again instead dataset data corpus split lora qlora sft"
    " dpo grpo full only just too also under below max maximum most within over about around cheap cheaply budget"
)


def _bare(match: re.Match[str]) -> str | None:
    """Return the name in a matched phrase; None: only ordinary words."""
    key = next(key for key, value in match.groupdict().items() if value)
    phrase = match[key].strip().rstrip(".-")
    parts = phrase.split()
    if key == "pair":
        # one of the two is no ordinary word; the other may be
        return (
            phrase
            if any(may_be_name(part) and not is_common(part) for part in parts) and not _IN_PASSING & set(parts)
            else None
        )
    if len(parts) > 1:
        while parts and (is_common(parts[0]) and not is_namelike(parts[0])):
            parts.pop(0)
        if not parts or (any(is_common(part) for part in parts) and not any(is_namelike(part) for part in parts)):
            return None
        return (
            " ".join(parts)
            if all(may_be_name(part) or part.isdigit() or re.fullmatch(r"[\d.]+\w?", part) for part in parts)
            else None
        )
    if not parts:
        return None
    return phrase if (is_namelike(phrase) if key == "n" else may_be_name(phrase)) else None


#: "qwen3-1.7b / acme-tickets / sft": an item of a list, of which nothing was understood.
_ITEM = rule(rf"(?:(?<=[,;/+|\n])|(?<=[\x00])(?=\s))\s*(?P<w>{_WORD})\s*(?=[,;/+|\n\x00]|$)")


def _listed(sheet: Sheet) -> None:
    """Take the only item of a list that looks like a name for the model or dataset that is missing."""
    field = "dataset" if sheet.has("model") else "model"
    slashed = len(re.findall(r"\s[/|]\s", sheet.text)) > 1  # whoever writes so writes nothing but items
    is_name = may_be_name if slashed else is_namelike
    items = [match for match in sheet.find(_ITEM) if is_name(match["w"].rstrip(".-"))]
    if len(items) == 1:
        word = items[0]["w"].rstrip(".-")
        sheet.say(field, word, sheet.take(items[0].start("w"), items[0].start("w") + len(word)))


_ANY_WORD = rule(rf"(?<![\w/.-]){_WORD}(?![\w/])")


def _positional(sheet: Sheet) -> None:
    """Read words in order as model, then dataset."""
    free = [field for field in ("model", "dataset") if not sheet.has(field)]
    for match in sheet.find(_ANY_WORD):
        word = match[0].rstrip(".-")
        if free and is_namelike(word):
            sheet.say(free.pop(0), word, sheet.take(match.start(), match.start() + len(word)))
