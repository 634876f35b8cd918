"""What stands against a request once it is read: unsupported methods, tasks and media, conflicts, several stages.

Turns a sheet into changes or the one refusal that matters most.
"""

import re
from typing import Any

from bot.intake import grammar, hub_names, refusals
from bot.intake.commands import Refusal
from bot.intake.sheet import Sheet
from bot.models import Method, TrainingRequest


def _i(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


_METHOD = _i(
    r"(?<![\w/.-])(ppo|rlhf|rlaif|kto|orpo|rloo|cpo|simpo|ipo|xpo|bco|gkd|gspo|dapo|rloo|reinforce\+\+"
    r"|reinforce(?= (?:algorithm|trainer|leave))|a2c|q-learning|nash[\s-]?md|online[\s-]dpo|best[\s-]of[\s-]n"
    r"|proximal policy optimi[sz]ation|kahneman[\s-]tversky|odds ratio preference|constitutional ai"
    r"|reward[\s-]model(?:l?ing|s)?(?:\straining)?|reward trainer|process reward model|knowledge distillation"
    r"|distill?(?:ation|ing)?(?= (?:from|it|a|the|into|run|[\ue000-\uf8ff]))|galore training"
    r"|soft prompt(?: tuning)?|prompt[\s-]tuning|prefix[\s-]tuning|ia3|dreambooth"
    r"|textual inversion)(?:[\s-]?trainer|[\s-]?training)?(?![\w-])"
)
_NOT_METHOD_BEFORE = _i(
    r"(?:\b(?:not|no|instead of|rather than|without|than|(?<!'d )(?<!would )like"
    r"|unlike|after|over|the|our|my|no need for"
    r"|never)\s)$"
)
_MODEL_BEHIND = _i(r"\s?(?:model|checkpoint|dataset|data\b|pairs|adapter)")
_TASK = _i(
    r"\b(?:pre-?train(?:ing)?\b(?!ed)|continued pre-?training|continual pre-?training|(?:train|build"
    r"|start)(?:ing)? (?:\w+ ){0,6}from scratch|(?<!start )(?<!over )(?<!again )from scratch|(?:an? "
    r"|the )?(?:embedding|embeddings"
    r"|sentence[\s-](?:transformers?|embeddings?)|reranker|re-ranker|cross-?encoder|bi-?encoder|retriev(?:er"
    r"|al)|recommend(?:er|ation)|regression|forecasting|time[\s-]series|tabular)(?: model| system)?s?\b"
    r"|(?:text|sequence|token|sentiment|intent|spam|topic|bert|toxicity|multi-?label|binary"
    r"|document)[\s-](?:classifier|classification (?:model|head))|(?:sequence|token)[\s-]classification|(?:for"
    r"|to do) (?:\w+[ -])?classification|(?:a"
    r"|an|the) (?:\w+ )?classifier|classification head|named[\s-]entity(?: recognition)?|\bner\b(?: model)?"
    r"|part[\s-]of[\s-]speech|masked (?:lm|language)|mlm\b|xgboost|random forest|tokenizer training"
    r"|train a tokenizer|merge (?:the )?(?:two )?models|mergekit|model merging)"
)
_NOT_TASK = _i(r"\b(?:not|no|instead of|rather than|without|don'?t|never)\s(?:\w+\s){0,3}$")
_MEDIUM = _i(
    r"\b(?:stable[\s-]?diffusion|diffusion(?: model)?|text[\s-]to[\s-](?:image|speech|video|audio|music)"
    r"|speech[\s-]to[\s-]text|image[\s-](?:generat\w+|classif\w+|model|captioning|segmentation|recognition"
    r"|editing|to[\s-]\w+)|(?:speech|voice|audio|video|music|vision|image|picture|photo)(?: recognition"
    r"| synthesis| generation| cloning| clone| classification| understanding| encoder| transformer| model)+\b"
    r"|voice clon\w+|object detection|segmentation model|\basr\b|\btts\b|dreambooth|(?-i:FLUX|SDXL|SD3)"
    r"|vision transformers?"
    r"|\bvit\b|ocr model|pose estimation|generate (?:images|pictures|photos|music|videos|speech|audio)"
    r"|images? of|photos of|\bwhisper\b|on (?:images|photos|pictures|audio|videos|speech|spectrograms)\b)"
)


def look(sheet: Sheet) -> None:
    """Refuse what the words ask for and the bot does not do."""
    for match in _METHOD.finditer(sheet.text):
        before, behind = (
            sheet.text[max(0, match.start() - 24) : match.start()],
            sheet.text[match.end() : match.end() + 14],
        )
        if not _NOT_METHOD_BEFORE.search(before) and not (
            _MODEL_BEHIND.match(behind)
            and "reward" not in match[1].lower()
            and re.search(r"\b(?:the|our|my)\s$", before)
        ):
            sheet.refuse(refusals.unknown_method(match[1]))
            break
    media = _MEDIUM.search(sheet.text)
    named = next(
        (said.value for said in sheet.said if said.field == "model" and hub_names.other_modality(said.value)), None
    )
    if named or media:
        sheet.refuse(refusals.other_modality(named or (media[0] if media else "")))
    task = _TASK.search(sheet.text)
    if task and not _NOT_TASK.search(sheet.text[max(0, task.start() - 30) : task.start()]):
        sheet.refuse(refusals.other_task(sheet.tagged.untagged(task[0])))


#: What a person should hear first when several things are wrong.
_ORDER = (
    "invalid_name",
    "unsupported_modality",
    "unsupported_method",
    "unsupported_task",
    "multi_stage",
    "multiple_models",
    "multiple_datasets",
    "unknown_hardware",
    "conflicting_values",
    "invalid_value",
)


def settle(sheet: Sheet, plan: TrainingRequest | None) -> tuple[dict[str, Any], Refusal | None]:
    """Return the changes that a sheet says, and the refusal that stands against them."""
    changes: dict[str, Any] = {}
    found = list(sheet.refusals)
    for field in dict.fromkeys(said.field for said in sheet.said):
        statements = [said for said in sheet.said if said.field == field]
        distinct = _distinct(field, [said.value for said in statements], plan)
        if len(distinct) > 1 and field == "method":
            found.append(refusals.several_stages([str(value) for value in distinct]))
        elif len(distinct) > 1:
            found.append(refusals.conflict(grammar.BY_FIELD[field].label, [_value_words(value) for value in distinct]))
        changes[field] = Method(distinct[-1]) if field == "method" else distinct[-1]
    if changes.get("lora_r") or changes.get("lora_alpha"):
        if changes.get("lora") is False:
            found.append(refusals.conflict("lora", ["full fine-tuning", "a LoRA rank"]))
        changes.setdefault("lora", True)
    found.sort(key=lambda refusal: _ORDER.index(refusal.reason))
    return changes, _together(found) if found else None


#: Problems that are told at once.
_TOLD = 3


def _together(found: list[Refusal]) -> Refusal:
    """Say several problems in one refusal, the first of them as its reason; the same class is told once."""
    first = {refusal.reason: refusal for refusal in reversed(found) if refusal.reason != "invalid_value"}
    told = list(dict.fromkeys(each for each in found if each.reason == "invalid_value" or first[each.reason] is each))[
        :_TOLD
    ]
    if len(told) == 1:
        return told[0]
    return told[0].model_copy(
        update={
            "problem": " ".join(f"({n}) {each.problem}" for n, each in enumerate(told, 1)),
            "fix": " ".join(f"({n}) {each.fix}" for n, each in enumerate(told, 1)),
        }
    )


def _distinct(field: str, values: list[Any], plan: TrainingRequest | None) -> list[Any]:
    """List the different values, in order; a value that only repeats the plan gives way to a new one."""
    distinct = list(dict.fromkeys(values))
    if (
        len(distinct) > 1
        and plan is not None
        and field != "method"
        and not all(isinstance(value, bool) for value in distinct)
    ):
        new = [value for value in distinct if value != getattr(plan, field)]
        distinct = new or distinct
    if field == "hardware" and len(distinct) == 2:
        short, full = sorted(distinct, key=len)
        if full.startswith(short):
            return [full]
    if field in {"model", "dataset", "output_repo"} and len(distinct) == 2:
        short, full = sorted((str(value) for value in distinct), key=len)
        if "/" in full and "/" not in short and re.sub(r"\W", "", short).lower() in re.sub(r"\W", "", full).lower():
            return [full]
    return distinct


def _value_words(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
