"""Which name is the model, which the dataset, which the place for the result.

Runs after the fields are off the sheet. Names with an unmistakable word beside them are settled first; the rest by
what they sound like, by the word before them, and by their order: model, then dataset.
"""

import re

from bot.intake import hub_names, refusals
from bot.intake.bare_names import read_bare_names
from bot.intake.hub_names import Entity
from bot.intake.outputs import read_output
from bot.intake.sheet import Sheet, rule
from bot.intake.tagging import NAME


def _i(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


_ASIDE = [
    rule(
        rf"\b(?:eval\w*|benchmark\w*|score|compar\w+|measur\w+|tested|test|report (?:accuracy|scores?))(?: (?:it"
        rf"|this|them|the model|the result|results?|performance|accuracy|quality|that|then|also|after(?:wards)?|on"
        rf"|the|scores?))*? (?:on|against|with|using|via|to|auf|sur|en) (?:the )?(?:{NAME}"
        rf"|[A-Z]\w+(?:-\w+)?)(?:(?:,? and |, ?|/)(?:the )?{NAME})*"
    ),
    rule(
        rf"\b(?:not|instead of|rather than|as opposed to|in place of|no longer|forget|drop|replace|replacing|nicht"
        rf"|statt|anstatt|au lieu de|pas|en vez de|en lugar de|em vez de|ao invés de) (?:the )?{NAME}(?! with\b"
        rf"| by\b| durch\b)"
    ),
    rule(
        rf"\b(?:like|similar to|same as|comparable to|inspired by|as good as|better than|beats?|outperforms?|vs\.?"
        rf"|versus|just as|we did (?:with|for)) (?:the )?{NAME}"
    ),
    rule(
        rf"\b(?:tokenizer|teacher|judge|reward model is|draft model|chat template|template)(?: (?:of|from|is|="
        rf"|model|like))* ?[:=]? ?{NAME}"
    ),
    rule(rf"\b(?:for|as) (?:an? )?(?:eval\w*|validation|benchmark\w*):? ?{NAME}"),
    rule(rf"不是\s?{NAME}|而不是\s?{NAME}"),
]
_DETERMINER = (
    r"(?:(?:the|our|my|this|that|a|an|le|la|les|el|los|den|dem|das|die|der|o|os|full|whole|entire|public"
    r"|private|new|hf|hugging ?face|dataset|model)\s|l')*"
)
#: A word for the dataset right before or right behind the name.
_DATASET_BEFORE = _i(
    r"(?:\b(?:datasets?|data ?set|data|corpus|datensatz|jeu de données|données|dataset:|conjunto de datos"
    r"|conjunto de dados|datos|dados)(?: (?:to|for|with|is|be|will be|should be|called|named|by|as|of|on|from"
    r"|at|auf|à|a|por|para|->))?|数据集?(?:是|为|用|改成|换成)?|データセット(?:は|を)?"
    r"|データ(?:は)?)\s?[:=(]?\s?[\"']?$"
)
_DATASET_BEHIND = _i(
    r"[\"']?\s?(?:\x00+ ?)?(?:\(\w+\) ?)?(?:datasets?\b|data ?set|data\b|corpus|datensatz|数据集?|データセット"
    r"|データ|(?:で|を使って|上)(?!ファイン))"
)
_MODEL_BEFORE = _i(
    r"(?:\b(?:(?:base )?models?|base|modell|basismodell|modèle|modelo|llm|checkpoint|modelo base)(?: (?:to|for"
    r"|with|is|be|will be|should be|called|named|by|as|of|à|a|por|para|->))?|based on|starting from|start from"
    r"|start with|starting with|initiali[sz]ed? (?:from|with)|on top of|basierend auf|à partir de|partant de"
    r"|a partir de|basado en|baseado em|模型(?:是|为|用|改成|换成)?|モデル(?:は|を)?|基于)\s?[:=(]?\s?[\"']?$"
)
_MODEL_BEHIND = _i(
    r"[\"']?\s?(?:(?:base |chat |language )?models?\b|modell\b|模型|モデル|を(?!使)|as (?:the |a )?base"
    r"|をベース)"
)
_TRAIN_BEFORE = _i(
    r"(?:\b(?:fine[\s-]?tun(?:e|ing)|finetun(?:e|ing|en|er)|tun(?:e|ing)|train(?:ing|iere|ieren|ier)?|take"
    r"|adapt|align|teach|of|for|entrain\w*|entrén\w*|entren\w*|trein\w*|affine\w*|afin\w*|ajust\w*|fine-tuner"
    r"|fine-tunen|post-train|lora|sft|dpo|grpo|用来)|微调|训练|精调|ファインチューン)(?: (?:run|training"
    r"|job))?(?: (?:of|on|for|de|du|von|do))?(?: me| us)?\s?(?:a |an |the |our |my |le |la |el |o |das "
    r"|den )?(?:\x00+\s?)?$"
)
_ON_BEFORE = _i(rf"\b(?:on|sur|auf|over|sobre|en|em|in)\s{_DETERMINER}$")
_WITH_BEFORE = _i(
    rf"\b(?:with|using|use|from|avec|mit|con|com|usando|utilizando|and|data)\s{_DETERMINER}$|(?:用|使用)\s?$"
)
_TO_BEFORE = _i(r"\b(?:to|into|as|under|nach|vers|para|hacia|in)\s(?:the )?(?:repo )?$")
_JOINED = _i(
    r"^[\s\x00\"']*(?:(?:datasets?|models?|data)\s)?(?:,?\s?(?:and|plus|or|vs\.?|versus|und|oder|et|ou|y|e"
    r"|as well as|along with|together with|followed by|then|also|combined with|mixed with)(?: also)?\s(?:then "
    r"|also |on |with |both |the )*|[,&+|/]\s?|和|与|以及|跟|或|と|や|\s?\+\s?)[\s\x00\"']*$"
)


def read_roles(sheet: Sheet, *, positional: bool = False) -> None:
    """Settle what every name on the sheet is for.

    `positional`: words in order may be names ("/finetune qwen capybara").
    """
    for pattern in _ASIDE:
        for match in sheet.find(pattern):
            sheet.cut(match)
    read_output(sheet)
    _entities(sheet)
    read_bare_names(sheet, positional=positional)


def _entities(sheet: Sheet) -> None:
    """Settle the names that were recognised as such."""
    found = [(at, entity) for at, entity in sheet.names() if entity.kind not in {"job", "script", "other"}]
    weighed: list[tuple[int, Entity, int]] = []
    for at, entity in found:
        if entity.kind in {"path", "foreign"} and (sheet.has("dataset") or _has_dataset(found)):
            sheet.take(at, at + 1)
            continue
        weighed.append((at, entity, _weigh(sheet, at, entity)))
    models = [each for each in weighed if each[2] > 0]
    datasets = [each for each in weighed if each[2] <= 0]
    models, datasets = _balance(sheet, models, datasets)
    _note(sheet, "model", models)
    _note(sheet, "dataset", datasets)


def _has_dataset(found: list[tuple[int, Entity]]) -> bool:
    names = [entity for _, entity in found if entity.is_name]
    return len(names) >= 2


def _weigh(sheet: Sheet, at: int, entity: Entity) -> int:
    """Above 0: a model; at or below: a dataset. Addresses and neighbouring words outweigh the sound of the name."""
    if entity.kind == "dataset":
        return -9
    if entity.kind == "model":
        return 9
    before, behind = sheet.text[max(0, at - 48) : at], sheet.text[at + 1 : at + 32]
    weight = (
        3
        if entity.kind == "short model"
        else -3
        if entity.kind == "short dataset"
        else hub_names.modelness(entity.name)
    )
    if _DATASET_BEFORE.search(before) or _DATASET_BEHIND.match(behind):
        weight -= 6
    if _MODEL_BEFORE.search(before) or _MODEL_BEHIND.match(behind):
        weight += 6
    if entity.kind == "path":
        weight -= 2
    if _ON_BEFORE.search(before):
        weight -= 2
    elif _WITH_BEFORE.search(before):
        weight -= 1
    elif _TRAIN_BEFORE.search(before):
        weight += 2
    return weight


_Weighed = list[tuple[int, Entity, int]]


def _balance(sheet: Sheet, models: _Weighed, datasets: _Weighed) -> tuple[_Weighed, _Weighed]:
    """Give a second name of the same role the role that is free, unless the sentence joins the two."""
    if len(datasets) >= 2 and not models and not sheet.has("model"):
        first = max(datasets, key=lambda each: (each[2], -each[0]))
        if first[2] > -6 and not _joined(sheet, datasets):
            return [first], [each for each in datasets if each is not first]
    if len(models) >= 2 and not datasets and not sheet.has("dataset"):
        last = min(models, key=lambda each: (each[2], -each[0]))
        if last[2] < 6 and not _joined(sheet, models):
            return [each for each in models if each is not last], [last]
    if len(datasets) == 1 and not models and not sheet.has("model") and sheet.has("dataset"):
        return datasets, []
    if len(models) == 1 and not datasets and not sheet.has("dataset") and sheet.has("model"):
        return [], models
    if (sheet.has("dataset") or len(datasets) >= 1) and (sheet.has("model") or models) and not sheet.has("output_repo"):
        for group in (models, datasets):
            for each in group[1:] if len(group) > 1 else ():
                if each[1].kind == "id" and _TO_BEFORE.search(sheet.text[max(0, each[0] - 24) : each[0]]):
                    group.remove(each)
                    sheet.say("output_repo", each[1].name, sheet.take(each[0], each[0] + 1))
    return models, datasets


def _joined(sheet: Sheet, names: _Weighed) -> bool:
    """Tell whether two names are joined by "and" or a comma; a comma alone joins nothing when there are only two."""
    first, second = sorted(each[0] for each in names)[:2]
    between = sheet.text[first + 1 : second]
    if len(names) == 2 and between.strip("\x00\"' ") in {",", "|", "/"}:
        return False
    return _JOINED.match(between) is not None


def _note(sheet: Sheet, field: str, names: _Weighed) -> None:
    """Say one name, refuse several."""
    good: list[tuple[int, Entity]] = []
    for at, entity, _ in names:
        if not entity.is_name:
            if sheet.has(field) and entity.kind in {"foreign", "path"}:
                continue
            role = "dataset" if field == "dataset" else "model"
            refuse = {"path": refusals.local_path, "foreign": refusals.foreign_address, "lookalike": refusals.lookalike}
            sheet.refuse(
                refuse[entity.kind](entity.typed)
                if entity.kind in refuse
                else refusals.invalid_name(entity.typed, role)
            )
            sheet.take(at, at + 1)
            continue
        good.append((at, entity))
    distinct = list(dict.fromkeys(entity.name.lower() for _, entity in good))
    for at, entity in good:
        sheet.take(at, at + 1)
        if not sheet.has(field):
            sheet.say(field, entity.name, entity.typed)
    if sheet.has(field):
        said = next(each for each in sheet.said if each.field == field).value
        others = [name for name in distinct if not _same(name, said.lower())]
        if others:
            refuse_several = refusals.several_datasets if field == "dataset" else refusals.several_models
            sheet.refuse(refuse_several([said, *others]))


def _same(name: str, other: str) -> bool:
    """Tell whether a short name only repeats a full one."""
    one, two = (re.sub(r"[\W_]", "", each.rsplit("/", 1)[-1]) for each in (name, other))
    return one in two or two in one if ("/" not in name or "/" not in other) else name == other
