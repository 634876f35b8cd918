"""Choices in sentences: hardware, LoRA, method, privacy, optimizer, schedule, packing, tracker, reward.

Knows the words for each choice; what fits together is decided by `verdicts` and by planning.
"""

import re

from bot.intake import hardware, refusals
from bot.intake.grammar import BY_FIELD
from bot.intake.sheet import N, Rule, Sheet, rule, the_group

_MENTION = Rule(hardware.MENTION, ("t4", "l4", "a10", "h200", "rtx", "cpu"))
_UNKNOWN = Rule(hardware.UNKNOWN, ())

_LORA_BOTH = rule(r"\bwith(?: and| or|/)\s?without (?:q?lora|peft|adapters?)\b", "lora|peft|adapter")
_LORA_OFF = rule(
    r"(?:(?<![A-Za-z])(?:no|without|not|без|senza|non|forget|ditch|skip|drop|remove|disable|don'?t use"
    r"|do not use|not using"
    r"|turn off|ohne|sans|sin"
    r"|sem|pas de|pas d'|plus de|nada de|kein(?:e|en)?|不用|不使用|不要|なし)[\s-]?(?:with |using |use )?(?:the "
    r"|a |any )?(?:q?lora"
    r"|peft|adapters?)\b"
    r"|\bq?lora\s?(?:=|:|is)?\s?(?:off|false|no|なし)\b|(?:instead of|rather than|in place of)\s(?:q?lora|peft"
    r"|adapters?)\b"
    r"|\bfull[\s-](?:(?:parameter|param|weights?|model|rank|precision)[\s-])?(?:fine[\s-]?tun\w*|ft\b|sft\b"
    r"|finetun\w*|tuning|weights?|training|parameters?|update)|\b(?:update |train |tune )?all (?:of )?(?:the "
    r"|its )?(?:parameters|weights|params)\b"
    r"|vollständig\w*\s(?:fine-?tun\w*|training)|fine-?tuning complet|ajuste completo|全量(?:微调|训练)?"
    r"|全参数?(?:微调|训练)?|フル(?:ファインチューニング|パラメータ))",
    "lora|peft|adapter|full|all|voll|complet|全|フル",
)
_LORA_ON = rule(
    r"(?<![A-Za-z0-9_/.-])(?P<q>q-?)?(?:lora|dora|peft)(?![A-Za-z0-9_])"
    r"|\b(?:low[\s-]rank )?adapters?\b(?!\s(?:i|we|that|from)\b)|低秩|アダプター?",
    "lora|dora|peft|adapter|低秩|アダプ",
)
_FOUR_BIT = rule(
    r"(?<![\w.-])(?:(?:in |load(?:ed)? in |with )?4[\s-]?bits?(?:\squant\w*)?|nf4|int4"
    r"|bnb[\s-]4bit)(?![A-Za-z0-9_])",
    "4",
)
_RANK = rule(
    rf"(?<![A-Za-z0-9_/.-])(?:(?:lora[\s_-]?)?(?:rank|rang|秩|ランク)"
    rf"|(?:lora[\s_-]?)?r(?=\s?[=:]?\s?-?\d))(?:-(?=\d)|\s?(?:=|:|of|is|to|at)?\s?){N}"
)
_ALPHA = rule(rf"(?<![A-Za-z0-9_/.-])(?:lora[\s_-]?)?alpha\s?(?:=|:|of|is|to|at|-)?\s?{N}", "alpha")

_METHOD = rule(
    r"(?<![A-Za-z0-9_/.-])(?P<m>sft|dpo|grpo)(?:[\s-]?(?:trainer|config))?(?![A-Za-z0-9_]|\.py"
    r"|/)(?!-(?:ed|trained|tuned|\d))"
    r"|(?P<s>supervised (?:fine[\s-]?tun\w*|finetun\w*|training|learning)|überwachtes fine-?tuning"
    r"|fine-?tuning supervis\w+|監督あり|监督微调|有监督微调)"
    r"|(?P<d>direct preference optimi[sz]ation|直接偏好优化)|(?P<g>group relative policy optimi[sz]ation)",
    "sft|dpo|grpo|superv|überw|direct|group|監督|监督|直接",
)
_NO_METHOD_BEFORE = rule(
    r"(?:\b(?:the|my|our|your|previous|existing|last|that|this|their|an? existing|earlier|old)\s)$"
)
_NOT_BEFORE = rule(
    r"(?:\b(?:not|instead of|rather than|no|without|from|over|replace|nicht|statt|au lieu de|pas de|en vez de"
    r"|em vez de)\s(?:the\s)?)$"
)
_MODEL_BEHIND = rule(r"\s?(?:model|checkpoint|adapter|weights|baseline|version|run|stage|result)s?\b")
_DATA_BEHIND = rule(r"\s?(?:dataset|data|pairs|format|formatted|style|prompts)\b")

_PRIVATE_OFF = rule(
    r"\b(?:not|isn't|non|un|no longer|doesn't need to be|nicht|pas|kein)[\s-](?:be |so "
    r"|need(?:s)? to be )?(?:private|privat|privé|privado)\b|\b(?:make|keep|set|leave|should be|be|as|it'?s?"
    r"|repo|push|publicly|model|and|,)\s(?:it |this |that |the (?:model|repo|result|output) "
    r"|everything )?(?:a )?(?:public|öffentlich|publique?|público|公开|公開)(?:ly)?\b|(?:设为|设置为"
    r"|改为)?公开(?:仓库|模型)?|公開(?:で|に|リポジトリ)|\bpublic(?:ly)? (?:repo(?:sitory)?|model|please|pls"
    r"|upload|release)\b|(?<![A-Za-z0-9_-])public(?=\s*(?:[,.;!)\x00]|$))|(?<![A-Za-z])pubblic[oa]\b",
    "priv|publi|pubbli|öffent|públi|公",
)
_PRIVATE = rule(
    r"\b(?P<not>not|isn't|don't make it|do not make it|never|nicht|pas)\s(?:be\s|make it\s)?(?:public"
    r"|öffentlich)\w*|(?<![A-Za-z0-9_/.-])(?:privately|private|privat(?:e[smnr])?|privé|privée|privado"
    r"|privada)(?![\w-])(?!\s(?:dataset|data\b|corpus|beta|message|channel|datensatz|slack|info))|私有|不公开"
    r"|非公開|プライベート|비공개|приватн\w*|privat[oa]\b",
    "비공|прив|priv|public|öffent|私|不公|非公|プライ",
)
_OURS_BEFORE = rule(r"\b(?:our|my|your|their|this|some|from a|on a|on the)\s$")

_OPTIMIZER = rule(
    r"(?<![A-Za-z0-9_-])(adamw(?:_\w+)?|adamw[\s-]8[\s-]?bit|8[\s-]?bit adamw?|paged[\s_]adamw(?:_\w+)?"
    r"|adafactor|sgd|lion(?:_\w+)?|muon|galore\w*|schedule_free\w*)(?![A-Za-z0-9_])(?:\soptimi[sz]er)?",
    "adam|adafactor|sgd|lion|muon|galore|schedule_free",
)
_SCHEDULER = rule(
    r"(?<![A-Za-z0-9_-])(cosine(?:[\s_]with[\s_](?:restarts|min[\s_]lr))?|linear"
    r"|constant(?:[\s_]with[\s_]warmup)?|polynomial|inverse[\s_]sqrt|wsd"
    r"|warmup[\s_]stable[\s_]decay)[\s-](?:(?:lr|learning[\s-]rate)[\s-]?)?(?:scheduler?|schedule|decay"
    r"|annealing|learning[\s-]rate|lr\b)(?:\s(?:schedule|decay))?|(?:scheduler?|schedule)\s(?:to\s|is\s"
    r"|of\s)?(?P<b>cosine|linear|constant|polynomial)\b|\b(?P<c>cosine)\b",
    "cosine|linear|constant|poly|inverse|wsd|warmup",
)
_SWITCHES = [
    (
        "plan_only",
        True,
        rule(
            r"\b(?:only|just|nothing but|no more than) (?:show me |give me |make |want |need )?(?:a|the) (?:plan"
            r"|price|quote|estimate)\b"
            r"|\b(?:plan|price|quote|estimate) only\b|\bdry[\s-]run\b"
        ),
    ),
    ("packing", False, rule(r"\b(?:no|without|disable|turn off|don't use)\s(?:sequence\s)?packing\b")),
    (
        "packing",
        True,
        rule(
            r"\b(?:(?:with|use|enable|turn on|sequence|and)\s)?packing\b|\bpack (?:the )?(?:sequences|examples|samples"
            r"|it)\b"
        ),
    ),
    (
        "gradient_checkpointing",
        False,
        rule(r"\b(?:no|without|disable|turn off)\s(?:gradient|grad|activation)\s?checkpointing\b"),
    ),
    ("chat_template", False, rule(r"\b(?:no|without|skip|don't use) (?:a |the |its )?chat template\b")),
    ("gradient_checkpointing", True, rule(r"\b(?:gradient|grad|activation)\s?checkpointing\b")),
]
_REPORT = rule(
    r"\b(?:log(?:ging)?|report|track(?:ed|ing)?|send (?:metrics|curves))\s(?:it\s|metrics\s|everything\s"
    r"|this\s|the run\s)?(?:to|with|on|in|using|via)\s(?:a\s)?(wandb|w&b|weights\s?(?:&|and)\s?biases|trackio"
    r"|tensorboard|mlflow|comet|swanlab)\b",
    "log|report|track|send",
)
_TRACKER = rule(
    r"\b(wandb|w&b|trackio|tensorboard|mlflow)\s(?:logging|tracking|reporting|logs)\b", "logg|track|report|logs"
)
_REWARD = rule(
    r"\b(?P<r>accuracy|format|think[\s_]format|correctness|exact[\s_-]match|length"
    r"|math)\s(?:based\s)?rewards?\b|\brewards?(?:\sfunctions?)?\s?(?:=|:|is|of|for)\s?(?P<s>[a-z]\w{2,40})",
    "reward",
)


def read_hardware(sheet: Sheet) -> None:
    """Read flavors and families; refuse what is not for rent."""
    for match in sheet.find(_MENTION):
        before = sheet.text[max(0, match.start() - 24) : match.start()].lower()
        behind = sheet.text[match.end() : match.end() + 24].lower()
        if re.search(
            r"(?:instead of|rather than|not|no|from|too small for|don'?t (?:use|want|need)|do not use)\s"
            r"(?:on\s|with\s)?(?:a\s|an\s|the\s)?$",
            before,
        ) or re.match(
            r"\s(?:is|are|seems|looks|was|would be|will be)\s(?:\w+\s)?(?:too|not|slow|expensive|overkill|busy"
            r"|full)|\stoo\s"
            r"|\s(?:won't|isn't|can't|cannot|will not|doesn't)\b",
            behind,
        ):
            sheet.cut(match)
            continue
        flavor = hardware.flavor(match)
        name = match["name"]
        words = sheet.cut(match)
        if flavor is None:
            sheet.refuse(refusals.unknown_hardware(name))
        else:
            sheet.say("hardware", flavor, words)
    for match in sheet.find(_UNKNOWN):
        before = sheet.text[max(0, match.start() - 40) : match.start()].lower()
        behind = sheet.text[match.end() : match.end() + 30].lower()
        words = sheet.cut(match)
        elsewhere = re.search(
            r"(?:inference|serv\w+|deploy\w*|(?:able|has|have|needs?|meant|going|supposed) to run|(?:must|should"
            r"|can|will) (?:also )?run|instead of|rather than|like|than|not|no|locally on my|have no)\s(?:on "
            r"|it on |to )?(?:a |an |the |our |my )?$",
            before,
        )
        if not elsewhere and not re.match(r"\s(?:for inference|for serving|at inference|later|afterwards?)", behind):
            sheet.refuse(refusals.unknown_hardware(words))
            break  # one is enough to refuse


def read_lora(sheet: Sheet) -> None:
    """Read LoRA, its rank and alpha, and full fine-tuning."""
    for match in sheet.find(_LORA_BOTH):
        sheet.refuse(refusals.conflict("lora", ["with", "without"]))
        sheet.cut(match)
    for match in sheet.find(_LORA_OFF):
        sheet.say("lora", False, sheet.cut(match))
    mentioned = _LORA_ON.pattern.search(sheet.text) is not None or sheet.has("lora")
    for field, pattern in (("lora_r", _RANK), ("lora_alpha", _ALPHA)):
        for match in sheet.find(pattern):
            if mentioned or not re.match(r"(?i)r\b", match[0]):
                sheet.read_match(BY_FIELD[field], match, "n")
    for match in sheet.find(_LORA_ON):
        quantized = bool(match["q"])
        before = sheet.text[max(0, match.start() - 16) : match.start()]
        words = sheet.cut(match)
        if re.search(r"(?i)\b(?:from|away from)\s(?:the\s)?$", before) and sheet.has("lora"):
            continue  # "from lora to full fine-tuning"
        sheet.say("lora", True, words)
        if quantized:
            sheet.say("load_in_4bit", True, words)
    for match in sheet.find(_FOUR_BIT):
        sheet.say("load_in_4bit", True, sheet.cut(match))


def read_methods(sheet: Sheet) -> None:
    """Read the method, where it is said as one: "the SFT model I trained" is none."""
    for match in sheet.find(_METHOD):
        before, behind = (
            sheet.text[max(0, match.start() - 24) : match.start()],
            sheet.text[match.end() : match.end() + 14],
        )
        if (
            behind.startswith("'d")
            and not behind.startswith("'d on")
            and not re.search(r"(?i)\b(?:a|an|our own|another)\s$", before)
        ):
            continue
        theirs = _NO_METHOD_BEFORE.pattern.search(before) and (
            _MODEL_BEHIND.pattern.match(behind) or _DATA_BEHIND.pattern.match(behind)
        )
        dropped = _NOT_BEFORE.pattern.search(before) and not re.match(
            r"(?i)\s(?:model|to)\b", behind if "from" not in before[-6:] else ""
        )
        swapped = re.search(r"(?i)\b(?:swap|switch|change|exchange|replace)\s$", before) and re.match(
            r"(?i)\s(?:for|with|to|by)\b", behind
        )
        later = swapped or re.match(r"(?i)\s(?:some other|on another|another|later|tomorrow|next)\b", behind)
        method = (match["m"] or ("sft" if match["s"] else "dpo" if match["d"] else "grpo")).lower()
        words = sheet.cut(match)
        if not theirs and not dropped and not later:
            sheet.say("method", method, words)


def read_privacy(sheet: Sheet) -> None:
    """Read private and public; a private dataset says nothing of the result."""
    for match in sheet.find(_PRIVATE):
        before = sheet.text[max(0, match.start() - 12) : match.start()]
        public = _PRIVATE_OFF.pattern.search(sheet.text[max(0, match.start() - 24) : match.end()])
        if public and "privat" in public[0].lower():
            continue
        if not _OURS_BEFORE.pattern.search(before):
            sheet.say("private", True, sheet.cut(match))
    for match in sheet.find(_PRIVATE_OFF):
        sheet.say("private", False, sheet.cut(match))


def read_details(sheet: Sheet) -> None:
    """Read optimizer, schedule, packing, checkpointing, tracker and reward."""
    for match in sheet.find(_OPTIMIZER):
        name = re.sub(r"[\s-]", "_", match[1].lower())
        name = {
            "8bit_adamw": "adamw_8bit",
            "8_bit_adamw": "adamw_8bit",
            "8bit_adam": "adamw_8bit",
            "8_bit_adam": "adamw_8bit",
            "adamw": "adamw_torch",
        }.get(name, name)
        sheet.say("optimizer", name.replace("8_bit", "8bit"), sheet.cut(match))
    for match in sheet.find(_SCHEDULER):
        name = re.sub(r"[\s-]", "_", (match[1] or match["b"] or match["c"]).lower())
        sheet.say("lr_scheduler", name, sheet.cut(match))
    for field, on, pattern in _SWITCHES:
        for match in sheet.find(pattern):
            sheet.say(field, on, sheet.cut(match))
    for match in (*sheet.find(_REPORT), *sheet.find(_TRACKER)):
        where = "wandb" if match[1].lower().startswith("w") else match[1].lower()
        sheet.say("report_to", where, sheet.cut(match))
    for match in sheet.find(_REWARD):
        sheet.say("reward", re.sub(r"[\s-]", "_", the_group(match).lower()), sheet.cut(match))
