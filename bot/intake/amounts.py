"""Numbers in sentences: beside their words, as money, as time, and the numbers that are said in passing.

Reads what the grammar's table says; names of models and datasets are off the sheet's way, one character each.
"""

import re
from collections.abc import Iterable

from bot.intake import grammar
from bot.intake.grammar import BY_FIELD, NUMERIC, TABLE, Keyword
from bot.intake.sheet import N, Rule, Sheet, rule
from bot.intake.values import DURATION, NUMBER
from bot.intake.words import word_set

#: Between a word and its value.
_LINK = (
    r"(?:\s(?:up|down|back))?(?:,?\s(?:like|say|e\.g\.|i\.e\.|maybe)(?=\s))?(?:\s?(?:=|:|->|~)\s?|[ -](?:\("
    r"|size\s)?)?(?:(?:of|to|at|is|as|was|be|should be"
    r"|set to|set at|by|around|about|only|just|exactly|equal to|"
    r"auf|von|mit|gleich|은|는|을|를|de|à|du|a|en|em|para|por|igual a|设为|设置为|改为|改成|为|是|用|を|は|が|に)\s?)?"
)
_FROM = rf"(?:from\s(?:{NUMBER})\s(?:to|->)\s)?"


def _alternatives(words: tuple[str, ...] | list[str]) -> str:
    spelled = sorted({word.lower().replace("_", " ") for word in words}, key=len, reverse=True)
    return "|".join(re.escape(word).replace(r"\ ", r"[\s_-]?") for word in spelled)


def _cues(words: Iterable[str]) -> str:
    """The first letters of each word: enough to tell that none is there."""
    return "|".join({re.split(r"[ _-]", word.lower())[0][:4] for word in words if len(word) > 1 or not word.isascii()})


_EDGE = r"(?<![A-Za-z0-9_./$-])"
#: No word goes on; behind Chinese and Japanese words the number follows at once.
_END = r"(?:(?<=[^\x00-\u02ff])|(?![A-Za-z0-9_]))"
#: Keys that are no words of a sentence: left to `keyed`.
_ONLY_KEYS = word_set(
    "limit rows samples steps r context alpha generations rank hours spend fraction test_size output out gpus "
    "warmup schedule wd accumulation"
)


def _before(row: Keyword) -> Rule:
    words = [key for key in row.keys if key not in _ONLY_KEYS] + list(row.words)
    return rule(rf"{_EDGE}(?P<k>{_alternatives(words)}){_END}[\"']?{_LINK}{_FROM}{N}(?!\s?%|/)", _cues(words))


#: Right before a unit: "4 epochs at 3e-5" is no 3e-5 epochs.
_COUNTED = rule(r"(?:\d|\b(?:one|two|three|four|five|ten))[\s-]?$")

_NUMBERED = [row for row in TABLE if row.kind in {grammar.Kind.INTEGER, grammar.Kind.NUMBER, grammar.Kind.TOKENS}]
_BEFORE = [(row, _before(row)) for row in _NUMBERED]
#: "1e-5 as learning rate", "a 2e-5 lr", "8 for the batch size".
_REVERSED = [
    (
        row,
        rule(
            rf"{N}(?:\sis\s(?:plenty|enough|fine|ok|good))?(?:\s(?:as|for)\s(?:the\s|a\s|our\s)?|\s){{w}}".replace(
                "{w}", f"(?:{_alternatives([*row.keys, *row.words])}){_END}"
            ),
            _cues([*row.keys, *row.words]),
        ),
    )
    for row in TABLE
    if row.field in {"learning_rate", "batch_size", "max_length", "seed", "lora_r", "beta", "weight_decay"}
]
_BEHIND = [
    (
        row,
        rule(
            rf"{N}(?:\s?[xX](?=\s)|\s(?:of\s)?an?(?=\sepoch))?[\s-]?(?:random |training |train |max |total "
            rf"|full |single |seule |einzige |sola |única "
            rf"|optimizer )?(?:{_alternatives(list(row.units))}){_END}(?!\s(?:per|a)\s(?:prompt|step|batch|device"
            rf"|second|sec)\b)",
            _cues(row.units),
        ),
    )
    for row in _NUMBERED
    if row.units
]

#: Said in passing: no wish. Blanked out before anything is read.
_ASIDES = [
    # a sentence about the past, without a name in it
    rule(
        r"(?:^|(?<=[.!?;\n]\s))[^.!?;\n\ue000-\uf8ff]{0,120}?\b(?:last (?:time|week|month|run)|previously|it took"
        r"|we used"
        r"|i used|we tried|i tried)\b[^.!?;\n\ue000-\uf8ff]{0,120}?(?:[.!?;\n](?=\s|$)|,\s(?=(?:so|but|now"
        r"|this time|then)\b))",
        "last|previously|took|used|tried",
    ),
    rule(
        r"\b(?:my|our|the|his|her|their) (?:old|previous|last|earlier|other|existing|first) (?:\w+ )?(?:script"
        r"|run|config|setup|job"
        r"|notebook|version|attempt|one) (?:had|used|was|ran|has|uses|did)\b[^.!?;\n\ue000-\uf8ff]{0,120}",
        "old|previous|last|earlier|other|existing|first",
    ),
    rule(rf"\$\s?{NUMBER}\s(?:left|remaining|available|in (?:total|credits?)|of credits?)\b", "$"),
    rule(rf"{_EDGE}(?:log|logging|print|report)(?:ging|s)?\s(?:\w+\s){{0,2}}every\s{NUMBER}\s?steps?", "every"),
    rule(
        rf"(?:{NUMBER}|some)\s?(?:linear\s)?warm-?up\ssteps?|{_EDGE}warm-?up\s(?:steps?\s?)?(?:of\s|for\s|over\s"
        rf"|=\s?)?{NUMBER}(?:\ssteps)?(?!\s?%|[\d.]|\spercent)",
        "warm",
    ),
    rule(
        rf"{_EDGE}(?:effective|global|total|overall)\s(?:train\s)?batch(?:[\s-]size)?{_LINK}{NUMBER}",
        "effective|global|total|overall",
    ),
    rule(
        rf"\b(?:dataset|data|set|it|which|that|corpus|file|repo)\s?(?:\([^()\n]{{0,40}}\)\s)?(?:has|have|contains?"
        rf"|holds|includes?|consists? of|is|with)\s(?:about\s|around\s|roughly\s|only\s|just\s|over\s"
        rf"|approximately\s|~\s?)?{NUMBER}\s?(?:\w+\s)?(?:rows|examples|samples|records|conversations|pairs|items"
        rf"|lines|entries)",
        "has|have|contain|holds|include|consist|is|with",
    ),
    rule(
        rf"\b(?:it|that|this|which|there)(?:'s| is| are|'re)\s(?:only\s|just\s|about\s|around\s)?{NUMBER}\s?"
        r"(?:\w+\s)?(?:rows|examples|samples|records|pairs)",
        "it|that|this|which|there",
    ),
    rule(rf"{NUMBER}\s?(?:rows|examples|samples|records|pairs),?\s(?=but\b)", "but"),
    rule(
        rf"(?<=[\ue000-\uf8ff])\s(?:has|contains?|holds|includes?|consists? of|is)\s(?:about\s|around\s"
        rf"|roughly\s|only\s|over\s"
        rf"|~\s?)?{NUMBER}\s?(?:\w+\s)?(?:rows|examples|samples|records|conversations|pairs|items|lines|entries)",
        "has|contain|holds|include|consist|is",
    ),
    rule(
        rf"(?<=[\ue000-\uf8ff])\s?\((?:about|around|roughly|approx\.?|approximately|ca\.?|~|has|with|it has"
        rf"|contains)\s?~?\s?{NUMBER}\s?(?:\w+\s)?(?:rows|examples|samples|records|conversations|pairs|items"
        rf"|entries)[^()\n]{{0,40}}\)",
        "rows|examples|samples|records|conversations|pairs|items|entries",
    ),
    rule(
        rf"\b(?:not|instead of|rather than|statt|au lieu de|en vez de|em vez de)\s\$?{NUMBER}(?:\s?(?:epochs?"
        rf"|steps?|hours?|h|dollars|usd|bucks))?(?=\s*(?:$|[.,;!)]))",
        "not|instead|rather|statt|au lieu|en vez|em vez",
    ),
    rule(
        rf"{NUMBER}[\s-](?:row|rows|example|sample|examples|samples)\s(?:dataset|data set|corpus|file)\b",
        "row|example|sample",
    ),
    rule(
        rf"\b(?:dataset|corpus)\sof\s(?:about\s|around\s)?{NUMBER}\s(?:rows|examples|samples|records|conversations"
        rf"|pairs|prompts)",
        "dataset of|corpus of",
    ),
    rule(rf"{NUMBER}[\s-]?shot\b|\bpass@\d+|\btop[\s-]?[kp]\s?{NUMBER}", "shot|pass@|top"),
    rule(r"\bmax(?:imum)?[\s_-](?:new|prompt|completion)[\s_-](?:tokens|length)\s?(?:=|:|of|to)?\s?\d+\w*", "max"),
    rule(
        rf"\b(?:costs?|cost (?:us|me)|paid|spent|charged)\s(?:about\s|around\s)?\$\s?{NUMBER}",
        "cost|paid|spent|charged",
    ),
]
_EVERY = [
    (
        "save_steps",
        rule(
            rf"\b(?:checkpoint(?:s|ing)?|saves?|saving|snapshots?|push(?:es)?)\b(?:\s[\w]+){{0,4}}?\s(?:every|each|alle"
            rf"|toutes les|cada)\s{N}\s?(?:steps?|schritte|pas|pasos|passos)",
            "every|each|alle|toutes|cada|每",
        ),
    ),
    ("save_steps", rule(rf"每\s?{N}\s?步(?:保存|存)", "every|each|alle|toutes|cada|每")),
    (
        "eval_steps",
        rule(
            rf"\b(?:eval(?:uat\w*|s)?|validat\w+|test)\b(?:\s[\w]+){{0,4}}?\s(?:every|each|alle|cada)\s{N}\s?steps?",
            "every|each|alle|toutes|cada|每",
        ),
    ),
    (
        "save_steps",
        rule(
            rf"\bevery\s{N}\s?steps?,?\s(?:save|checkpoint|push)\w*(?:\s(?:it|a checkpoint|checkpoints))?",
            "every|each|alle|toutes|cada|每",
        ),
    ),
    ("eval_steps", rule(rf"\bevery\s{N}\s?steps?,?\seval\w*", "every|each|alle|toutes|cada|每")),
]
_EVERY_OTHER = rule(rf"\b(?:every|each)\s{NUMBER}\s?(?:steps?|epochs?|batches|min\w*|hours?)", "every|each")
_ACCUMULATE = rule(
    rf"\b(?:gradient\s|grad\s)?accumulat\w+(?:\s(?:the\s)?gradients?)?(?:\s(?:over|for|across|of|every"
    rf"|to))?\s{N}(?:\s(?:steps?|batches|micro-?batches))?|\b{N.replace('?P<n>', '?P<m>')}\s(?:gradient\s"
    rf"|grad\s)?accumulation\ssteps?",
    "accum",
)
_PER_PROMPT = rule(
    rf"{N}\s?(?:samples?|generations?|completions?|rollouts?|answers?|responses?|outputs?|attempts?)\s?(?:per"
    rf"|for each|a|each|/)\s?(?:prompt|question|problem)|\bgroup(?:\ssize)?\s(?:of\s)?(?P<m>\d{{1,4}})(?![\d.])"
    rf"|每个?(?:提示|prompt)\s?{N.replace('?P<n>', '?P<o>')}\s?个",
    "per|for each|a |each|/|group|个",
)

_RATE = (
    r"(?!\s?(?:/|per\s|an?\s|pro\s|par\s|por\s)\s?(?:gpu[\s-]?)?(?:h\b|hr|hour|stunde|heure|hora|epoch|month"
    r"|run\b|token))"
)
_AMOUNT = (
    rf"(?:(?:us\s?)?\$\s?{NUMBER}|-\$\s?\d[\d.,]*|\$-\d[\d.,]*|usd\s?{NUMBER}|{NUMBER}\s?(?:us\s?dollars?|usd"
    rf"|\$|dollars?|bucks?|d[oó]lares|美元|美金|刀|ドル|cents?|¢)(?![A-Za-z0-9_]))"
)
_MONEY = rule(
    rf"(?P<n>{_AMOUNT}){_RATE}(?:\s(?:max|maximum|tops|budget|cap|limit))?",
    "$|usd|dollar|buck|dólar|dolar|美|刀|ドル|cent|¢",
)
_BUDGET = rule(
    rf"{_EDGE}(?:(?:max(?:imum|imal\w*)?\s)?budget(?:\s(?:cap|limit))?|spend(?:ing)?(?:\slimit|\sat most"
    rf"|\sup to)?|cost cap|cost limit|max cost|price cap|presupuesto|orçamento|预算|予算){_LINK}(?:max(?:imum"
    rf"|imal)?\s|under\s|up to\s|at most\s|de\s)?(?P<n>{_AMOUNT}|{N.replace('?P<n>', '?:')})(?!\s?(?:h\b|hours?"
    rf"|min|stunden|heures|horas|%|euro|€|gpu)){_RATE}",
    "budget|spend|cost|cap|presup|orçam|预算|予算",
)

_LIMIT = (
    r"(?:max(?:imum|imal|\.)?(?:\s(?:of|time|runtime|run time|duration|training time))?(?:\sof|\sis|\sto|:)?"
    r"|under|within|(?:at|for at) most|(?:no|not|isn't|any)\s(?:longer|more)\sthan|(?:longer|more)\sthan"
    r"|less than|up to|limit(?:ed)?(?:\s(?:to|of|it to|the run to|training to|runtime to|time to))?"
    r"|cap(?:ped)?(?:\s(?:at|it at|the run at|runtime at|training at|time at))?|time ?out(?:\s(?:of|after|to"
    r"|is|at))?|give it|allow(?: it)?|time limit(?:\s(?:of|is|to))?|in under|stop (?:it )?after"
    r"|kill (?:it )?after|(?:run"
    r"|train) (?:it )?(?:for|at most|up to)|for|in|(?:only |just )?have|höchstens|maximal|unter|bis zu"
    r"|pas plus de|nicht länger als|nicht mehr als|não mais de|не дольше|не более|massimo|moins de|au plus"
    r"|menos de|no más de|como máximo|até|no máximo|máximo|maximum|maximal|au maximum|最多"
    r"|不超过|限时|不要超过|最大|max_hours)"
)
_TIME = rule(
    rf"{_EDGE}{_LIMIT}\s?(?:about\s)?(?P<n>-?{DURATION})(?:\s(?:max|maximum|limit|tops|at most|of (?:training"
    rf"|compute|runtime|run time|gpu time)))?"
)
_TIME_AFTER = rule(
    rf"(?P<n>{DURATION})\s?(?:max(?:imum|imal|\.)?(?![A-Za-z0-9_])|limit\b|tops\b|at most|time ?out|cap\b"
    rf"|or less|höchstens|以内|以下|之内|内)",
    "max|limit|tops|at most|time|cap|less|höch|以|之|内",
)
#: A time that stands beside a limit that was just understood, or alone between commas.
_TIME_TOO = rule(
    rf"\x00\s?(?:max\s|tops\s)?(?:and|or|/|&|und|et|y|e)\s(?P<n>{DURATION})(?!\s(?:ago|per|later|from))|(?:^"
    rf"|[,;])\s?(?P<m>{DURATION})\s?(?=$|[,;.])"
)
_LATER = rule(
    rf"\b(?:in|within|for the (?:last|past)|since|after|every)\s{DURATION}\s(?:from now|ago|we|i|please tell)",
    "from now|ago|we|i|tell",
)

#: "context 4k": the word alone says little, the size does.
_CONTEXT = rule(rf"{_EDGE}context\s(?P<n>\d{{1,3}}k|\d{{3,6}})(?![\w.])", "context")
#: When to speak or to begin, which limits nothing: "ping me in 30 minutes".
_WHEN = rule(
    rf"\b(?:ping|remind|tell|notify|call|message|check(?: back)?|back|meet\w*|start\w*|begin\w*"
    rf"|wait)\b[^,.;\n]{{0,20}}\s(?:in|after)"
    rf"\s{DURATION}",
    "ping|remind|tell|notify|call|message|check|back|meet|start|begin|wait",
)
_LONE_RATE = rule(r"(?<![\w.=:-])(?P<n>\d(?:\.\d{1,3})?e-[2-8])(?![\w.])", "e-")

#: Kinds whose values a sentence may name; a table row that is missing here would be a slip.
assert {row.kind for row in _NUMBERED} < NUMERIC


def read_asides(sheet: Sheet) -> None:
    """Take off what is said in passing, and what happens every so many steps."""
    for pattern in _ASIDES:
        for match in sheet.find(pattern):
            sheet.cut(match)
    for field, pattern in _EVERY:
        for match in sheet.find(pattern):
            sheet.read_match(BY_FIELD[field], match, "n")
    for match in sheet.find(_PER_PROMPT):
        sheet.read_match(BY_FIELD["num_generations"], match)
    for match in sheet.find(_EVERY_OTHER):
        sheet.cut(match)


def read_money_and_time(sheet: Sheet) -> None:
    """Read budgets and time limits."""
    for pattern in (_BUDGET, _MONEY):
        for match in sheet.find(pattern):
            sheet.read_match(BY_FIELD["budget_usd"], match, "n")
    for pattern in (_LATER, _WHEN):
        for match in sheet.find(pattern):
            sheet.cut(match)
    for pattern in (_TIME, _TIME_AFTER):
        for match in sheet.find(pattern):
            sheet.read_match(BY_FIELD["max_hours"], match, "n")


def read_time_beside(sheet: Sheet) -> None:
    """Read a time beside a limit that was understood: "500 samples and 1 hour"."""
    if not sheet.has("max_hours"):
        for match in sheet.find(_TIME_TOO):
            sheet.read_match(BY_FIELD["max_hours"], match, "n" if match["n"] else "m")


def read_numbers(sheet: Sheet) -> None:
    """Read every number that stands beside its word."""
    for match in sheet.find(_ACCUMULATE):
        sheet.read_match(BY_FIELD["grad_accum"], match)
    for match in sheet.find(_CONTEXT):
        sheet.read_match(BY_FIELD["max_length"], match)
    for row, pattern in _BEFORE:
        for match in sheet.find(pattern):
            if match["n"].lower() in {"a", "an"}:
                continue
            if not row.units or not _COUNTED.pattern.search(sheet.text, max(0, match.start() - 12), match.start()):
                sheet.read_match(row, match, "n")
    for row, pattern in _REVERSED:
        for match in sheet.find(pattern):
            if match["n"].lower() not in {"a", "an", "one", "single"}:
                sheet.read_match(row, match, "n")
    for row, pattern in _BEHIND:
        for match in sheet.find(pattern):
            sheet.read_match(row, match, "n")


def read_lone_rate(sheet: Sheet) -> None:
    """Read "4 epochs at 3e-5": a bare number in this notation can only be a learning rate."""
    if not sheet.has("learning_rate"):
        found = list(sheet.find(_LONE_RATE))
        for match in found[-1:]:  # "1e-4 diverged, so 1e-5"
            sheet.read_match(BY_FIELD["learning_rate"], match, "n")
