"""Numbers, durations, money, yes and no, in every form that people type.

Knows no field: which value is allowed where is the grammar's business. Every reader returns None for what it cannot
read; none of them raises.
"""

import math
import re

from bot.intake.words import word_set

_WORDS: dict[str, float] = {
    "zero": 0, "half": 0.5, "one": 1, "single": 1, "another": 1, "a": 1, "an": 1, "two": 2, "couple": 2, "three": 3,
    "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
    "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90, "dozen": 12,
    "ein": 1, "eine": 1, "einen": 1, "einer": 1, "eins": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6,
    "acht": 8, "zehn": 10, "halbe": 0.5, "halben": 0.5, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4,
    "cinq": 5, "huit": 8, "dix": 10, "demi": 0.5, "demie": 0.5, "uno": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4,
    "cinco": 5, "seis": 6, "ocho": 8, "diez": 10, "media": 0.5, "medio": 0.5, "um": 1, "uma": 1, "dois": 2, "duas": 2,
    "três": 3, "quatro": 4, "oito": 8, "dez": 10, "meia": 0.5, "meio": 0.5,
}  # fmt: skip
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_SCALES = {"hundred": 100.0, "thousand": 1000.0, "million": 1e6, "mille": 1000.0, "mil": 1000.0, "tausend": 1000.0}
_SUFFIX = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}
_HAN = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_HAN_SCALE = {"十": 10, "百": 100, "千": 1000, "万": 10_000}

_DIGITS = (
    r"(?:\d{1,3}(?:[,_]\d{3}){1,4}(?![\d_])(?:\.\d{1,12})?|\d{1,20}(?:_\d{1,20}){0,6}(?:[.,]\d{1,20})?"
    r"|\.\d{1,20}|\d{1,20}\.)"
    r"(?:[eE][-+]?\d{1,4}|\s?[x×*]\s?10\s?\^?\s?[-+]?\s?\d{1,3}|\s?\^\s?-?\d{1,3})?"
)
_WORD_ALTERNATION = "|".join(sorted(_WORDS, key=len, reverse=True))
#: A number as a pattern without groups: digits in all forms, number words, Chinese numerals.
NUMBER = (
    rf"(?:(?:(?<![\w.])|(?<=[\u3040-\u9fff]))[-+]?\$?{_DIGITS}(?:\s?[kKmM](?![A-Za-z])|\s(?:hundred|thousand"
    rf"|million)\b|\s?[千万](?!\w))?"
    rf"|(?<![\w-])(?:{_TENS})[\s-](?:{_ONES})(?![\w'-])"
    rf"|(?<![\w-])(?:a\s)?(?:{_WORD_ALTERNATION})(?:\s(?:hundred|thousand|million))?(?![\w'-])"
    r"|[零一二两三四五六七八九十百千万半]{1,6})"
)
_UNIT = {
    **dict.fromkeys(word_set("s sec secs second seconds sekunden secondes segundos 秒"), 1 / 3600),
    **dict.fromkeys(word_set("m min mins minute minutes minuten minutos minuto 分钟 分 分間"), 1 / 60),
    **dict.fromkeys(
        word_set(
            "h hr hrs hour hours std stunde stunden heure heures hora horas ore uur час часа часов 小时 个小时 時間"
        ),
        1.0,
    ),
    **dict.fromkeys(word_set("d day days tag tage tagen jour jours día días dia dias 天 日"), 24.0),
}
_UNIT_ALTERNATION = "|".join(sorted(_UNIT, key=len, reverse=True))
#: Nobody limits a training to seconds in a sentence ("one sec").
_SPOKEN_UNITS = "|".join(
    sorted(
        (unit for unit, hours in _UNIT.items() if hours > 1 / 100 and unit not in {"h", "m", "d"}),
        key=len,
        reverse=True,
    )
)
#: A stretch of time as a pattern without groups.
DURATION = (
    rf"(?:half an hour|(?:an|one) hour and a half|an? hour|a day|eine halbe stunde|une demi-heure|media hora"
    rf"|meia hora|半小时|半个小时"
    rf"|\d{{1,3}}\s?h(?:ours?|rs?)?\s?(?:and\s)?\d{{1,2}}\s?m(?:ins?|inutes)?(?!\w)"
    rf"|\d{{1,4}}(?:[.,]\d{{1,2}})?\s?[hmd](?![A-Za-z0-9])"
    rf"|{NUMBER}\s?-?(?:{_SPOKEN_UNITS})(?![A-Za-z])(?:\s?(?:and\s|und\s|et\s|y\s|e\s)?\d{{1,3}}\s?(?:m|min"
    rf"|mins|minutes|minuten|minutos)?(?![\w%]))?"
    rf"|\d{{1,3}}h\d{{1,2}}m?(?!\w))"
)
_TRUE = word_set("true yes y on 1 enabled enable ja oui si sí sim 是 はい")
_FALSE = word_set("false no n off 0 disabled disable none nein non não 否 いいえ")


def number(text: str) -> float | None:
    """Read a number: 2e-5, 1k, 10_000, "1,000", 0,5, half, two thousand, 1/2, 十. NaN and infinity are numbers."""
    text = text.strip().strip("\"'").lower().lstrip("$").strip()
    text = re.sub(r"^(?:minus|negative)\s?", "-", text)
    if not text or len(text) > 60:
        return None
    if text.lstrip("+-") in {"nan", "inf", "infinity", "∞"}:
        return math.nan if "nan" in text else math.inf
    fraction = re.fullmatch(r"(\d{1,4})\s?/\s?(\d{1,4})", text)
    if fraction and int(fraction[2]):
        return int(fraction[1]) / int(fraction[2])
    scale = 1.0
    worded = re.fullmatch(r"(.+?)\s?(hundred|thousand|million|mille|mil|tausend|千|万)", text)
    if worded:
        text, scale = worded[1], _SCALES.get(worded[2], {"千": 1000.0, "万": 10_000.0}.get(worded[2], 1.0))
    text = re.sub(r"^a\s", "", text) if text not in {"a"} else text
    tens = re.fullmatch(rf"({_TENS})[\s-]({_ONES})", text)
    if tens:
        return (_WORDS[tens[1]] + _WORDS[tens[2]]) * scale
    if text in _WORDS:
        return _WORDS[text] * scale
    if re.fullmatch(r"[零一二两三四五六七八九十百千万半]+", text):
        return _han(text) * scale
    digits = re.fullmatch(rf"([-+]?{_DIGITS})\s?([kmb]?)", text)
    if not digits:
        return None
    value = _digits(digits[1])
    return None if value is None else value * _SUFFIX[digits[2]] * scale


def _digits(text: str) -> float | None:
    text = text.replace(" ", "")
    power = re.fullmatch(r"([-+]?[\d.,_]+)(?:[x×*]10\^?([-+]?\d+)|\^(-?\d+))", text)
    if power and power[3]:
        base, exponent = float(power[1].replace(",", ".")), int(power[3])
        return math.nan if not base or abs(exponent) > 30 else base**exponent
    if power:
        text = f"{power[1]}e{power[2]}"
    mantissa, _, exponent_text = text.replace("_", "").lower().partition("e")
    if re.fullmatch(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", mantissa):
        mantissa = mantissa.replace(",", "")
    mantissa = mantissa.replace(",", ".")
    try:
        return float(f"{mantissa}e{exponent_text}" if exponent_text else mantissa)
    except ValueError:
        return None


def _han(text: str) -> float:
    if "半" in text:
        return 0.5
    total = current = 0
    for sign in text:
        if sign in _HAN_SCALE:
            total += (current or 1) * _HAN_SCALE[sign]
            current = 0
        else:
            current = current * 10 + _HAN[sign]
    return float(total + current)


def tokens(text: str) -> float | None:
    """Read a length in tokens: here 2k is 2048."""
    text = re.sub(r"(?i)\s?(?:tokens?|toks?)$", "", text.strip())
    short = re.fullmatch(r"(\d{1,4})\s?[kK]", text)
    return int(short[1]) * 1024.0 if short else number(text)


def fraction(text: str) -> float | None:
    """Read a share: 10%, 10 percent, 0.1, half."""
    text = text.strip()
    percent = re.fullmatch(r"(.+?)\s?(?:%|percent|prozent|pour ?cent|por ciento|por cento)", text, re.I)
    if percent:
        value = number(percent[1])
        return None if value is None else value / 100
    return number(text)


def money(text: str) -> float | None:
    """Read an amount of dollars: $5, 5 USD, 5 bucks, $1.5k, 50 cents."""
    text = text.strip().strip("\"'")
    text = re.sub(r"(?i)^(?:us|usd)?\s?\$\s?|^usd\s?", "", text)
    cents = re.fullmatch(r"(.+?)\s?(?:cents?|¢)", text, re.I)
    if cents:
        value = number(cents[1])
        return None if value is None else value / 100
    text = re.sub(
        r"(?i)\s?(?:us\s?dollars?|us\$|\$|usd|dollars?|dollar|bucks?|d[oó]lares|美元|美金|刀|ドル)$", "", text
    )
    return number(text)


def hours(text: str) -> float | None:
    """Read a duration in hours: 90 min, 1h30m, two hours, half an hour; a bare number counts hours."""
    text = text.strip().strip("\"'").lower()
    if len(text) > 60:
        return None
    fixed = {
        "half an hour": 0.5, "eine halbe stunde": 0.5, "une demi-heure": 0.5, "media hora": 0.5, "meia hora": 0.5,
        "半小时": 0.5, "半个小时": 0.5, "an hour and a half": 1.5, "one hour and a half": 1.5,
    }  # fmt: skip
    if text in fixed:
        return fixed[text]
    clock = re.fullmatch(r"(\d{1,3}):(\d{2})(?::\d{2})?", text)
    if clock:
        return int(clock[1]) + int(clock[2]) / 60
    parts = re.fullmatch(
        rf"(?P<n>{NUMBER}|[\d.,]+)\s?-?(?P<u>{_UNIT_ALTERNATION})(?:\s?(?:and\s|und\s|et\s|y\s"
        rf"|e\s)?(?P<m>\d{{1,3}})\s?(?:m|min|mins|minutes|minuten|minutos)?)?",
        text,
    )
    if parts:
        whole = number(parts["n"])
        return None if whole is None else whole * _UNIT[parts["u"]] + int(parts["m"] or 0) / 60
    return number(text)


def timeout_hours(text: str) -> float | None:
    """Read the Hub's own notation of a timeout, where a large bare number counts seconds; 25 to 299 is unclear."""
    bare = None if re.search(r"[a-z:]", text, re.I) else number(text)
    if bare is None or not math.isfinite(bare) or bare <= 24:
        return hours(text)
    return bare / 3600 if bare >= 300 else None


def truth(text: str) -> bool | None:
    """Read yes or no."""
    text = text.strip().strip("\"'").lower()
    return True if text in _TRUE else False if text in _FALSE else None
