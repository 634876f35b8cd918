"""Changes that lean on the plan of the thread: "halve the batch", "two more epochs", "add $5 to the budget".

Takes relative changes off the sheet before the absolute numbers are read. Whether a change is wanted at all is the
business of `intents`.
"""

import math
import re

from bot.intake import grammar, refusals, values
from bot.intake.grammar import BY_FIELD
from bot.intake.sheet import Sheet, rule
from bot.intake.values import NUMBER
from bot.models import TrainingRequest

_FIELDS = {
    "learning_rate": r"learning[\s-]?rate|lr|lernrate|taux d'apprentissage|tasa de aprendizaje"
    r"|taxa de aprendizado|学习率|学習率",
    "batch_size": r"(?:train )?batch(?:es)?(?:[\s-]?size)?|bs|batchgröße|taille de (?:batch|lot)"
    r"|tamaño de(?:l)? (?:lote|batch)|tamanho d[oe] (?:lote|batch)|批大小|批次大小|批次|batch大小|バッチ(?:サイズ)?",
    "grad_accum": r"grad(?:ient)?[\s-]?accum(?:ulation)?(?: steps)?|accumulation",
    "epochs": r"epochs?(?:\s?数)?|epocs?|passes|epochen|époques?|épocas?|epocas?|轮数?|エポック数?",
    "max_steps": r"(?:max |training )?steps?|schritte|étapes|pasos|passos|步数?|ステップ数?",
    "lora_r": r"(?:lora[\s-])?rank|lora[\s_-]r|r",
    "lora_alpha": r"(?:lora[\s_-])?alpha",
    "max_length": r"(?:max(?:imum)?[\s-])?(?:seq(?:uence)?[\s-])?len(?:gth)?|context(?: length| window)?|seq len",
    "max_samples": r"samples|examples|rows|(?:amount of )?data|データ数?|样本数?",
    "budget_usd": r"budget|spend|presupuesto|orçamento|预算|予算",
    "max_hours": r"time ?limit|time ?out|runtime|max time|time",
    "seed": r"seed",
    "beta": r"beta",
    "warmup_ratio": r"warm-?up",
    "weight_decay": r"weight decay",
    "num_generations": r"generations|completions|group size",
    "save_steps": r"save steps",
}
_ANY = "|".join(f"(?P<{field}>{words})" for field, words in _FIELDS.items())
_THE = (
    r"(?:(?:the|our|my|your|its|this|that|die|das|den|der|le|la|les|l'|el|los|las|o|a|as|os|number of|of"
    r"|number|anzahl|nombre d'|número de)\s?)*"
)
_FIELD = rf"{_THE}(?<![A-Za-z0-9_-])(?:{_ANY})(?![A-Za-z0-9_])"

_HALVE = rule(
    rf"(?<![A-Za-z0-9_])(?:halve|halbier\w*|(?:die |der |das )?halbe[nr]?|divi(?:se|de|s|da|dir) (?:par"
    rf"|por) (?:deux|dos|dois|2)|(?:cut|reduce|lower|drop|bring|divide|split|decrease) (?:{_THE})?(?:by|in"
    rf"|to) half(?: of)?|half(?: of)?|(?:use|with|take|try|go) half|half as (?:many|much|big|large|long|high)"
    rf"|1/2 (?:of )?|½|réduis de moitié|(?:reduce|reduz\w*) a la mitad)\s?{_FIELD}",
    "hal|div|½|1/2|moiti|mitad|cut|reduce|lower|bring|split|decrease",
)
_HALVE_BEHIND = rule(
    rf"(?<![A-Za-z0-9_])(?:(?:cut|reduce|lower|drop|bring|decrease|slash|divise|réduis|reduce"
    rf"|reduz)\s)?{_FIELD}\s?(?:(?:bitte|please|por favor|stp|svp)\s)?(?:(?:down )?(?:by|in|to|par|por|a|pela|de"
    rf"|la)\s)*(?:half\b|halved|halbieren|减半"
    rf"|折半|を?半分(?:に|で)?|moitié|mitad|metade)",
    "half|halve|halb|减半|折半|半分|moiti|mitad|metade|deux",
)
_PART_OF = rule(
    rf"(?<![A-Za-z0-9_])(?:a |one )?(?P<w>quarter|third|fifth|tenth)\s(?:of )?{_FIELD}", "quarter|third|fifth|tenth"
)
_PARTS = {"quarter": 4, "third": 3, "fifth": 5, "tenth": 10}
_TIMES = rule(
    rf"(?<![A-Za-z0-9_])(?P<w>double|twice|triple|thrice|quadruple|verdopp\w+|verdreifach\w*|doubl\w+|tripl\w+"
    rf"|duplica\w*|dobra\w*|dobre|将?翻倍|2x|3x|4x|5x|10x|{NUMBER}\s?(?:x|times|×)|(?:die )?doppelte"
    rf"|(?:die )?dreifache|doppelt so (?:viele|lange|hohe|große))(?: as (?:many|much|big|large"
    rf"|high))?(?: (?P<h>higher|larger|bigger|lower|smaller|more|fewer|less|longer))?(?: of)?\s?{_FIELD}",
    "doubl|twice|tripl|thrice|quadr|verd|dupl|dobr|翻|x|times|×|dopp|dreif",
)
_TIMES_BEHIND = rule(
    rf"(?<![A-Za-z0-9_])(?:(?:increase|raise|bump|multiply|scale|crank|make|reduce|lower|decrease|divide|cut"
    rf"|drop)\s)?{_FIELD}\s?(?:up |down )?(?P<w>doubled|tripled|翻倍|加倍|翻一番|を?(?:2|二)倍(?:に)?|を?(?:3"
    rf"|三)倍(?:に)?|verdoppeln|(?:by )?(?:a factor of )?(?:{NUMBER})\s?(?:x|times|×|-?fold)(?: (?P<h>higher"
    rf"|larger|bigger|lower|smaller|more|fewer|less|longer))?|(?:by )?(?:a )?factor (?:of )?{NUMBER}|twice as (?:big"
    rf"|large|high|long)|by {NUMBER}(?=\s*(?:$|[,.;!]))|[x×*]\s?\d{{1,3}}(?:\.\d{{1,3}})?(?![\w.])"
    rf"|/\s?\d{{1,3}}(?![\w.]))",
    "doubl|tripl|翻|加倍|倍|verd|x|times|×|fold|factor|twice|by |*|/",
)
_DIVIDE = re.compile(r"(?i)^(?:reduce|lower|decrease|divide|cut|drop)")
_UNITS = (
    r"(?P<epochs>epochs?|epocs?|passes|epochen|epoche|époques?|épocas?|epocas?|轮|エポック)"
    r"|(?P<max_steps>(?:training )?steps?|schritte|pasos|passos|步|ステップ)|(?P<max_samples>samples|examples"
    r"|rows)|(?P<budget_usd>dollars?|bucks|usd)|(?P<max_hours>hours?|h)"
)
_MORE = rule(
    rf"(?<![A-Za-z0-9_])(?:(?:add|plus|for|\+|run|train(?: it| for)?|give it|do|let it run|extend by|encore"
    rf"|noch)\s?)*(?P<n>{NUMBER}|another|an extra)\s?(?:(?:more|extra|additional|further|another|zusätzliche"
    rf"|weitere|mehr|otr[oa]s?|más)\s)(?:{_UNITS})(?![A-Za-z0-9_])|(?<![A-Za-z0-9_])(?:add|plus"
    rf"|extend (?:it )?by|increase (?:it )?by)\s(?P<m>{NUMBER}"
    rf"|another)\s?(?:{_UNITS.replace('?P<', '?P<b_')})(?![A-Za-z0-9_])|(?<![A-Za-z0-9_])(?P<o>another|an extra"
    rf"|one more|noch ein(?:e|en)?|encore une?|otra"
    rf"|mais uma?)\s(?P<on>{NUMBER}\s)?(?:{_UNITS.replace('?P<', '?P<c_')})(?![A-Za-z0-9_])"
    rf"|(?<![A-Za-z0-9_])(?P<d>{NUMBER})\s?(?:{_UNITS.replace('?P<', '?P<d_')})\s(?:more|extra|longer|on top"
    rf"|de plus|más|mehr|a mais)(?!\sthan)"
    rf"|\+\s?(?P<g>{NUMBER})\s?(?:{_UNITS.replace('?P<', '?P<g_')})(?![A-Za-z0-9_])|(?:多(?:训练|跑)?|再加"
    rf"|再训练|再跑|加)\s?(?P<e>{NUMBER})\s?个?(?:{_UNITS.replace('?P<', '?P<e_')})|(?:あと"
    rf"|もう)\s?(?P<f>{NUMBER})\s?(?:{_UNITS.replace('?P<', '?P<f_')})",
    "more|extra|add|plus|+|another|further|longer|on top|noch|encore|weitere|mehr|otr|más|mais|多|加|再|あと"
    "|もう|extend|increase",
)
_LESS = rule(
    rf"(?<![A-Za-z0-9_])(?P<n>{NUMBER})\s?(?:fewer|less)\s(?:{_UNITS})(?![A-Za-z0-9_])"
    rf"|(?<![A-Za-z0-9_])(?P<d>{NUMBER})\s?(?:{_UNITS.replace('?P<', '?P<d_')})\s(?:less|fewer|shorter|weniger"
    rf"|de moins|menos)(?!\sthan)|(?<![A-Za-z0-9_])(?:drop|remove|cut|take off|subtract)\s(?P<o>{NUMBER}"
    rf"|an)\s?(?:{_UNITS.replace('?P<', '?P<c_')})(?![A-Za-z0-9_])|少(?:训练"
    rf"|跑)?\s?(?P<e>{NUMBER})\s?(?:{_UNITS.replace('?P<', '?P<e_')})",
    "fewer|less|drop|remove|cut|take off|subtract|shorter|weniger|moins|menos|少",
)
_BY = rule(
    rf"(?<![A-Za-z0-9_])(?P<v>increase|raise|bump|up|extend|lift|erhöhe|reduce|lower|decrease|drop|cut"
    rf"|shrink)\s{_FIELD}\s?(?:up |down )?(?:by|um|de|en)\s(?!a\s|an\s(?!hour)"
    rf"|half)(?P<a>\$?\s?{NUMBER}\s?%?)(?:\s?(?:usd|dollars?|bucks|epochs?|steps?|hours?|h))?(?![A-Za-z0-9_×]"
    rf"|\s(?:x|times)\b|-fold)",
    "by|um|de|en",
)
#: "budget +$5", "lr /= 2", "batch 8 -> 16"
_NUMBER_OF = rf"(?<![A-Za-z0-9_-])(?:{_ANY})(?![A-Za-z0-9_])"
_SIGNED = rule(
    rf"{_NUMBER_OF}\s?(?P<s>[-+*/])(?:=\s?|(?=\s?\$?\d))(?P<a>\s?\$?\s?{NUMBER})(?![A-Za-z0-9_%])",
    "+|-|*|/",
)
_ARROW = rule(rf"{_NUMBER_OF}\s?:?\s?{NUMBER}\s?(?:->|=>|to\s)\s?(?P<a>{NUMBER})(?![A-Za-z0-9_%])", "->|=>|to ")
#: "cut the steps to 200"
_TO = rule(
    rf"(?<![A-Za-z0-9_])(?:cut|reduce|lower|raise|increase|set|change|limit|cap|bump|drop|bring|decrease|put)\s{_FIELD}"
    rf"(?:\s(?:down|up|back))?\s(?:to|at)\s(?P<a>\$?{NUMBER})(?![A-Za-z0-9_%×]|\s(?:x|times)\b)",
    " to | at ",
)
_PERCENT = rule(
    rf"(?<![A-Za-z0-9_])(?P<a>\d{{1,3}})\s?%\s(?P<v>more|fewer|less|higher|lower|bigger|smaller"
    rf"|longer)\s{_FIELD}",
    "%",
)
_MONEY_MORE = rule(
    rf"(?<![A-Za-z0-9_])(?:add|another|plus)\s(?P<a>\$\s?{NUMBER}|{NUMBER}\s(?:bucks|dollars"
    rf"|usd))(?:\s(?:more))?(?:\sto (?:the )?budget)?|(?<![A-Za-z0-9_])(?P<b>\$\s?{NUMBER}|{NUMBER}\s(?:bucks"
    rf"|dollars|usd))\smore(?:\s(?:budget|to the budget))?",
    "add|another|plus|more",
)
_LONGER = rule(
    r"(?<![A-Za-z0-9_])(?:train|run)(?: it| this)? (?P<w>twice|three times|half) as long"
    r"|train(?: it)? (?:for )?(?P<x>twice|half) (?:the )?(?:time|epochs)",
    "twice|half|three times",
)
_FACTORS = {
    "double": 2.0,
    "twice": 2.0,
    "doubl": 2.0,
    "dupli": 2.0,
    "dobra": 2.0,
    "dobre": 2.0,
    "verdo": 2.0,
    "doppelt": 2.0,
    "die doppelte": 2.0,
    "dreifach": 3.0,
    "die dreifache": 3.0,
    "triple": 3.0,
    "tripl": 3.0,
    "thrice": 3.0,
    "verdr": 3.0,
    "quadruple": 4.0,
    "翻": 2.0,
    "将翻": 2.0,
    "加倍": 2.0,
}


def read_relative(sheet: Sheet, plan: TrainingRequest) -> None:
    """Take changes relative to the plan off the sheet, as absolute values."""
    for match in sheet.find(_LONGER):
        word = (match["w"] or match["x"]).lower()
        _change(sheet, match, "epochs", factor={"twice": 2.0, "half": 0.5}.get(word, 3.0), plan=plan)
    for match in sheet.find(_PERCENT):
        share = float(match["a"]) / 100
        up = match["v"].lower() in {"more", "higher", "bigger", "longer"}
        _change(sheet, match, _field(match), factor=1 + share if up else 1 - share, plan=plan)
    for match in (*sheet.find(_TO), *sheet.find(_ARROW)):
        if _field(match) == "max_hours":
            continue  # it has a unit, and minutes are no hours
        sheet.read_match(BY_FIELD[_field(match)], match, "a")
    for match in sheet.find(_SIGNED):
        _signed(sheet, match, plan)
    for match in sheet.find(_BY):
        _by(sheet, match, plan)
    for pattern in (_HALVE, _HALVE_BEHIND):
        for match in sheet.find(pattern):
            if plan_value(plan, _field(match)) is None and not re.match(r"(?i)half", match[0]):
                continue
            if _field(match) == "max_samples" and plan.max_samples is None:
                continue  # "half the data" is a share
            if _field(match) == "epochs" and plan.epochs is None:
                continue
            _change(sheet, match, _field(match), factor=0.5, plan=plan)
    for match in sheet.find(_PART_OF):
        if _field(match) != "max_samples" or plan.max_samples is not None:  # "a quarter of the data" is a share
            _change(sheet, match, _field(match), factor=1 / _PARTS[match["w"].lower()], plan=plan)
    for pattern in (_TIMES, _TIMES_BEHIND):
        for match in sheet.find(pattern):
            if re.fullmatch(r"(?i)by [^\sx×]+", match["w"]) and not re.match(
                r"(?i)multipl|divid|scale|increase|raise|reduce|decrease", match[0]
            ):
                continue
            factor = _factor(match["w"])
            if factor:
                down = (
                    _DIVIDE.match(match[0])
                    or match["w"].startswith("/")
                    or (match.groupdict().get("h") or "").lower() in {"lower", "smaller", "fewer", "less"}
                )
                _change(sheet, match, _field(match), factor=1 / factor if down else factor, plan=plan)
    for match in sheet.find(_MONEY_MORE):
        amount = values.money(match["a"] or match["b"])
        if amount is not None and plan.budget_usd is not None:
            _change(sheet, match, "budget_usd", add=amount, plan=plan)
    for pattern, sign in ((_MORE, 1.0), (_LESS, -1.0)):
        for match in sheet.find(pattern):
            amount = _amount(match)
            if amount is not None:
                _change(sheet, match, _field(match), add=sign * amount, plan=plan)


def _signed(sheet: Sheet, match: re.Match[str], plan: TrainingRequest) -> None:
    amount = values.money(match["a"])
    if not amount or not math.isfinite(amount):
        return
    match match["s"]:
        case "*":
            _change(sheet, match, _field(match), factor=amount, plan=plan)
        case "/":
            _change(sheet, match, _field(match), factor=1 / amount, plan=plan)
        case sign:
            _change(sheet, match, _field(match), add=amount if sign == "+" else -amount, plan=plan)


def _by(sheet: Sheet, match: re.Match[str], plan: TrainingRequest) -> None:
    up = match["v"].lower() in {"increase", "raise", "bump", "up", "extend", "lift", "erhöhe"}
    text = match["a"].strip()
    if text.endswith("%"):
        share = values.fraction(text)
        if share is not None:
            _change(sheet, match, _field(match), factor=1 + share if up else 1 - share, plan=plan)
        return
    amount = values.money(text)
    if amount is not None:
        _change(sheet, match, _field(match), add=amount if up else -amount, plan=plan)


def _field(match: re.Match[str]) -> str:
    for name, value in match.groupdict().items():
        bare = re.sub(r"^[b-g]_", "", name)
        if value is not None and bare in _FIELDS:
            return bare
    raise AssertionError("the pattern names no field")


def _factor(words: str) -> float | None:
    words = words.lower().strip()
    for start, factor in _FACTORS.items():
        if words.startswith(start):
            return factor
    count = re.search(rf"(?:{NUMBER})", re.sub(r"(?:a )?factor(?: of)?|^[x×*/]", "", words))
    return values.number(re.sub(r"[x×]$", "", count[0].strip())) if count else None


def _amount(match: re.Match[str]) -> float | None:
    groups = match.groupdict()
    if groups.get("on"):
        return values.number(groups["on"])
    text = next((groups[key] for key in ("n", "m", "o", "d", "e", "f", "g") if groups.get(key)), None)
    if text is None:
        return None
    return values.number(text) if values.number(text) is not None else 1.0


def plan_value(plan: TrainingRequest, field: str) -> float | None:
    """Return a number of the plan; None: it names none."""
    value = getattr(plan, field)
    return float(value) if isinstance(value, int | float) else None


_TO_NUMBER = re.compile(rf"\s?(?:to|->|=>)\s\$?(?:{NUMBER})")


def _change(
    sheet: Sheet, match: re.Match[str], field: str, *, plan: TrainingRequest, factor: float = 1.0, add: float = 0.0
) -> None:
    if _TO_NUMBER.match(sheet.text, match.end()):
        return  # "double the time limit to 4 hours": the number says it
    base = plan_value(plan, field)
    words = sheet.cut(match)
    row = BY_FIELD[field]
    if base is None:
        sheet.refuse(refusals.no_base(row.label, words))
        return
    value = grammar.as_number(float(f"{base * factor + add:.10g}"))
    if grammar.is_possible(field, value):
        sheet.say(field, value, words)
    else:
        sheet.refuse(refusals.impossible(row, f"{words} ({value:g})"))
