"""Which part of the data is meant: shares, first rows, splits, configurations.

Knows the words; whether a split or configuration exists is for the Hub to say.
"""

import re

from bot.intake import hub_names, values
from bot.intake.grammar import BY_FIELD
from bot.intake.keyed import SPLIT_SLICE, say_slice
from bot.intake.names import parts
from bot.intake.sheet import N, Sheet, rule, the_group
from bot.intake.tagging import NAME
from bot.intake.words import word_set

_SHARE = (
    r"(?P<n>\d{1,3}(?:[.,]\d{1,3})?\s?(?:%|percent|prozent|pour ?cent|por ?ciento|por ?cento)|half|a quarter"
    r"|one quarter|a third|one third|a tenth|one tenth|three quarters|(?:the )?first half|die hälfte|la moitié"
    r"|la mitad|metade|一半|半分)"
)
_ROWS = (
    r"(?:training\s)?(?:data\s?sets?|datensatz\w*|data|examples|samples|rows|train\w*|daten|données|datos|dados"
    r"|jeu de données|split|corpus|[\ue000-\uf8ff])"
)
_OF_DATA = (
    r"(?:\s(?:of|der|des|de|dos|del|da|von)\s(?:the\s|our\s|my\s|its\s|all\s|that\s|den\s|los\s|la\s)?"
    rf"(?:{_ROWS}|it\b)?|\s(?:the\s|our\s|my\s|its\s|all\s)?{_ROWS}|\s?(?:subset|sample|subsample|slice)"
    r"|的?(?:数据|样本)|のデータ)"
)
_FRACTION = rule(
    rf"(?:(?:only|just|use|using|with|on|take|random|first|top|仅用|只用|用)\s?)?(?:the\s|a\s)?(?:first\s"
    rf"|random\s)?{_SHARE}{_OF_DATA}",
    "%|percent|prozent|cent|half|quarter|third|tenth|hälfte|moiti|mitad|metade|一半|半分",
)
_FRACTION_BARE = rule(
    r"\b(?:only|just|first|subsample(?:d)?(?: to)?"
    r"|sample)\s(?:the\s)?(?:first\s)?(?P<n>\d{1,3}(?:\.\d{1,3})?\s?%)"
    r"|\bon\s(?P<m>\d{1,3}(?:\.\d{1,3})?\s?%)(?:\sonly)?(?=\s*(?:$|[,.;]))",
    "%",
)
_HOLD_OUT = rule(
    r"\b(?:hold(?:ing)?[\s-](?:out|back)|keep|reserve|set aside|save"
    r"|use)\s(?P<n>\d{1,2}(?:\.\d{1,2})?\s?%)(?:\s(?:of (?:the |it )?\w*|back|out|aside))?(?:\s?(?:for"
    r"|as)?\s(?:a\s)?(?:eval\w*|validation|testing|test|held[\s-]out|hold[\s-]?out)(?:\sset)?)"
    r"|(?P<m>\d{1,2}(?:\.\d{1,2})?\s?%)\s(?:for\s|as\s)?(?:a\s)?(?:eval\w*|validation|test|hold-?out"
    r"|held-out)(?:\s(?:set|split))?|\bhold(?:ing)?[\s-]?(?:out|back)\s(?P<o>\d{1,2}(?:\.\d{1,2})?\s?%)",
    "%",
)
_SHARES = {
    "half": 0.5,
    "first half": 0.5,
    "quarter": 0.25,
    "third": 1 / 3,
    "tenth": 0.1,
    "three quarters": 0.75,
    "hälfte": 0.5,
    "moitié": 0.5,
    "mitad": 0.5,
    "metade": 0.5,
    "一半": 0.5,
    "半分": 0.5,
}
_LIMITED = rule(
    rf"\b(?:(?:cap|limit|restrict) (?:the )?(?:number of )?(?:samples|rows|examples|data|dataset)(?: size)? (?:at|to)"
    rf"|subset of|sample of|limit(?:ed)? (?:it |the data(?:set)? |this |data )?to|subsample(?:d)?(?: to)?"
    rf"|(?:only|just) (?:use |take )?(?:the )?first|the first|first|前)(?!\s?(?:one|an?)\b(?!\s(?:thousand"
    rf"|hundred|million)))\s?{N}(?!\s?(?:%|h\b|hours?|min|epochs?"
    rf"|steps?|percent|stage|gpus?|\$|usd|bucks|tokens?))(?:\s?(?:samples|examples|rows|records|conversations"
    rf"|条))?|(?!an?\b){N.replace('?P<n>', '?P<m>')}[\s-](?:\w+[\s-])?(?:subset|subsample|sample)\b(?!\s(?:per|a)\s)",
    "subset|sample|limit|cap|restrict|first|前",
)

_SPLIT_WORD = (
    r"(?P<s>(?:train|test|val|valid|validation|dev)(?:ing)?(?:_\w{1,40})?|\w{1,40}_(?:sft|gen|prefs|train"
    r"|test)|all|full)"
)
_EVAL_SPLIT = rule(
    rf"\b(?:eval\w*|validat\w+|test(?:ing)?|check)\s(?:it\s)?(?:on|with|against|using|split:?|over|auf"
    rf"|sur)\s(?:the\s|its\s)?{_SPLIT_WORD}(?:\ssplit)?(?![A-Za-z0-9_])"
    rf"|\b{_SPLIT_WORD.replace('?P<s>', '?P<t>')}\s(?:split\s)?(?:for|as)\s(?:the\s)?(?:eval\w*|validation"
    rf"|testing)(?:\ssplit|\sset)?|\b(?:eval(?:uation)?|validation|test)\ssplit\s?(?:is|=|:|of|to"
    rf"|should be)?\s(?:the\s)?{_SPLIT_WORD.replace('?P<s>', '?P<u>')}(?![A-Za-z0-9_])",
    "eval|valid|test|check|for|as",
)
_SPLIT = rule(
    rf"(?<![A-Za-z0-9_-])(?:split\s?(?:is|=|:|of|to|named|called|should be)?\s(?:the\s)?{_SPLIT_WORD}(?![\w-])"
    rf"|(?:the\s)?{_SPLIT_WORD.replace('?P<s>', '?P<t>')}[\s-](?:split|teil|分割)(?![A-Za-z0-9_])"
    rf"|(?P<u>[A-Za-z]\w{{0,40}}_\w{{1,40}})\ssplit(?![A-Za-z0-9_])|(?:split"
    rf"|划分)\s(?P<w>[A-Za-z]\w{{0,40}}_\w{{1,40}}|[\ue000-\uf8ff](?!/))(?![A-Za-z0-9_]))"
    rf"|(?<![\w-]){_SPLIT_WORD.replace('?P<s>', '?P<x>')}\s(?:for|as)\s(?:the\s)?(?:train(?:ing)?)(?:\s(?:split"
    rf"|set|data))?(?![\w-])",
    "split|teil|分割|划分|train",
)
_CONFIG_STOP = word_set(
    "the a an this that same other default my our its any full small tiny random own following right wrong "
    "new old small, it is was and or of for with to in on as which lora training your hyperparameter dataset "
    "data model instead please now then but if so from by "
    "optimizer deepspeed peft all first smaller larger train test only just whole"
)
_CONFIG_WORDS = (
    r"(?:config(?:uration)?|subset|konfiguration|configuración|configuração|sous-ensemble|子集|配置|サブセット)"
)
_CONFIG = rule(
    rf"(?<![A-Za-z0-9_-]){_CONFIG_WORDS}\s?(?:should be|must be|to|is|=|:|named|called|name)?\s?(?:the\s)?"
    r"[\"']?(?P<c>[A-Za-z0-9][\w.-]{0,60}|[\ue000-\uf8ff](?!/))[\"']?",
    "config|subset|konfig|ensemble|子集|配置|サブ",
)
_CONFIG_BEHIND = rule(
    rf"[\"']?(?<![\w.-])(?P<d>[A-Za-z0-9][\w.-]{{0,60}}|[\ue000-\uf8ff])[\"']?[\s-]{_CONFIG_WORDS}(?![A-Za-z0-9_])",
    "config|subset|子集|サブ",
)

#: "openai/gsm8k:main"
_SUFFIX = rule(r"(?<=[\ue000-\uf8ff]):([A-Za-z0-9][\w.-]{0,60})")
#: "openai/gsm8k (main)"
_IN_BRACKETS = rule(r"(?<=[\x00\ue000-\uf8ff])\s?\((?P<d>main|default|(?=[\w.-]*[\d_])[A-Za-z][\w.-]{0,60})\)", "(")
#: "HuggingFaceTB/smoltalk (everyday-conversations)"
_NAMED_IN_BRACKETS = rule(rf"(?<={NAME})(?:\s?\((?P<d>{NAME})\)|\s(?P<e>{NAME})(?!\w))")
#: "openai/gsm8k main"
_RIGHT_BEHIND = rule(r"(?<=[\x00\ue000-\uf8ff])\s(?P<d>main|default)(?=\s*(?:$|[,.;\n]))", "main|default")
_WARMUP = rule(
    r"(?P<n>\d{1,2}(?:\.\d{1,3})?\s?%|0?\.\d{1,4})\s(?:linear\s)?warm-?up|warm-?up(?:[\s_]ratio)?\s?(?:of|=|:"
    r"|to|is|for)?\s?(?P<m>\d{1,2}(?:\.\d{1,3})?\s?%|0?\.\d{1,4})(?:\sof\s(?:the\s)?(?:steps|training))?",
    "warm",
)


def _ends_clause(sheet: Sheet, match: re.Match[str]) -> bool:
    return re.match(r"\s*(?:[,.;)\n]|$)", sheet.text[match.end() :]) is not None


def _is_data(sheet: Sheet, at: int) -> bool:
    """Tell whether the name at a place sounds like a dataset."""
    if sheet.text[at] == "\x00":
        return False
    entity = sheet.tagged.entity(sheet.text[at])
    return entity.kind in {"dataset", "short dataset"} or (
        entity.kind == "id" and hub_names.modelness(entity.name) <= 0
    )


def read_shares(sheet: Sheet) -> None:
    """Read shares: of the data, for evaluation, of the steps for warm-up."""
    for match in sheet.find(_HOLD_OUT):
        sheet.read_match(BY_FIELD["eval_fraction"], match)
    for match in sheet.find(_WARMUP):
        sheet.read_match(BY_FIELD["warmup_ratio"], match)
    for pattern in (_FRACTION, _FRACTION_BARE):
        for match in sheet.find(pattern):
            text = the_group(match).lower()
            start, end = match.start(), match.end()
            if re.search("[\ue000-\uf8ff]$", match[0]):
                end -= 1  # "10% of X": the name is still needed
            elif text in _SHARES and not re.search(
                r"(?i)data|daten|donn|dat|dad|数|デ|rows|examples|samples|subset|split|train|corpus",
                match[0][len(text) :],
            ):
                continue  # "half of it" may be half of anything
            words = sheet.take(start, end)
            share = next((value for word, value in _SHARES.items() if text.endswith(word)), None)
            if share is not None:
                sheet.say("sample_fraction", share, words)
            else:
                sheet.read(BY_FIELD["sample_fraction"], text, words)


def read_portions(sheet: Sheet) -> None:
    """Read splits, configurations and numbers of rows."""
    for match in sheet.find(SPLIT_SLICE):
        say_slice(sheet, match, sheet.cut(match))
    for match in sheet.find(_SUFFIX):
        sheet.say("dataset_config", match[1], sheet.cut(match))
    for match in sheet.find(_NAMED_IN_BRACKETS):
        inner, outer = (sheet.tagged.entity(sign) for sign in (the_group(match), sheet.text[match.start() - 1]))
        full = inner.kind == "short dataset" and _is_data(sheet, match.start() - 1)
        if full and not set(parts(inner.name)) <= set(parts(outer.name)):
            sheet.say("dataset_config", inner.name, sheet.cut(match))
    for match in (*sheet.find(_IN_BRACKETS), *sheet.find(_RIGHT_BEHIND)):
        if _is_data(sheet, match.start() - 1) or (sheet.has("dataset") and match["d"] in {"main", "default"}):
            field = "split" if re.match(r"(?i)train|test|valid", match["d"]) else "dataset_config"
            sheet.say(field, match["d"], sheet.cut(match))
    for match in sheet.find(_EVAL_SPLIT):
        split = the_group(match)
        sheet.say("eval_split", split, sheet.cut(match))
    for match in sheet.find(_SPLIT):
        split = sheet.tagged.untagged(the_group(match))
        if split.lower() not in {"all", "full"} and "/" not in split:
            held_out = split.lower() in {"dev", "test", "val", "validation"} and sheet.has("eval_steps")
            sheet.say("eval_split" if held_out else "split", split, sheet.cut(match))
    for pattern, behind in ((_CONFIG, False), (_CONFIG_BEHIND, True)):
        for match in sheet.find(pattern):
            name = sheet.tagged.untagged(the_group(match)).rstrip(".")
            said = name.lower()
            if "/" in name or (
                said in _CONFIG_STOP and not (said == "all" and not behind and _ends_clause(sheet, match))
            ):
                continue
            if (
                behind
                and not re.fullmatch(NAME, the_group(match))
                and not re.search(NAME, sheet.tagged.text[: match.start()])
                and re.search(NAME, sheet.tagged.text)
            ):
                continue  # "my axolotl config: ..."
            number = values.number(name)
            if number is not None and "subset" in match[0].lower() and name[0].isdigit():
                sheet.read(BY_FIELD["max_samples"], name, sheet.cut(match))
            elif number is None and not (behind and re.fullmatch(r"(?i)\w+(?:ing|ed|ly)", name)):
                sheet.say("dataset_config", name, sheet.cut(match))
    for match in sheet.find(_LIMITED):
        sheet.read_match(BY_FIELD["max_samples"], match)
