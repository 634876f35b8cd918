"""Which name is the model, which the dataset, which the place for the result.

Runs after the fields are off the sheet. Names with an unmistakable word beside them are settled first; the rest by
what they sound like, by the word before them, and by their order: model, then dataset.
"""

import itertools
import re

from bot.intake import hub_names, refusals
from bot.intake.bare_names import is_marked, read_bare_names, say_word
from bot.intake.hub_names import Entity
from bot.intake.names import parts
from bot.intake.outputs import read_output
from bot.intake.sheet import Sheet, rule
from bot.intake.tagging import NAME
from bot.intake.words import may_be_name


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
        rf"|statt|anstatt|au lieu de|pas|en vez de|en lugar de|em vez de|ao invés de) (?:on |with |from |auf "
        rf"|sur |con )?(?:the )?{NAME}(?! with\b"
        rf"| by\b| durch\b)"
    ),
    rule(
        rf"\b(?:tokenizer|teacher|judge|reference|verifier|reward model is|draft|template)(?: (?:of|from|is|="
        rf"|model|like))* ?[:=]? ?{NAME}"
    ),
    rule(
        rf"{NAME}[ -](?:recipe|paper|course|blog|tutorial|setup|cookbook|approach|report|style|format|template"
        rf"|schema)\b"
    ),
    rule(
        rf"{NAME} (?:as|for) (?:the |an? |our |my )?(?:eval\w*|validation|benchmark\w*|hold-?out|test(?:ing)?|judge"
        rf"|teacher|reference|reward model|baseline|tokenizer|draft)(?: (?:set|data|split|model))?\b"
    ),
    rule(rf"(?:,|\b(?:with|using|and|use|the|by))(?: an?| the)? reward model(?: is| from|:)? ?{NAME}"),
    # the first gives way to the second, which follows
    rule(
        rf"\b(?:replace|replacing|swap|swapping|exchange|change|switch|ersetze|tausche|remplace|reemplaza|cambia"
        rf"|substitua|troca"
        rf"|troque)(?: out)?(?: from)? (?:the |le |el |o )?{NAME}(?=\s(?:with|by|for|to|durch|gegen|par|por|con"
        rf"|com)\s[^.\n]{{0,20}}{NAME})"
    ),
]
#: "train @channel on ...": a mention where a name should stand.
_CALL_TO_ALL = rule(
    r"\b(?:fine[\s-]?tune|finetune|train|on|with|using|model|dataset)\s@(?:here|channel|everyone|person)\b", "@"
)
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
_TRAIN = (
    r"(?:\b(?:fine[\s-]?tun(?:e|ing)|finetun(?:e|ing|en|er)|tun(?:e|ing)|train(?:ing|iere|ieren|ier)?|take"
    r"|adapt|align|teach|entrain\w*|entrén\w*|entren\w*|trein\w*|affine\w*|afin\w*|ajust\w*|fine-tuner"
    r"|fine-tunen|post-train|lora|sft|dpo|grpo|用来)\b|微调|训练|精调|ファインチューン)"
)
_ITS = r"(?:\s?\x00|\s(?:an?|the|our|my|its|both|either|base|model|me|us|le|la|el|o|das|den)(?=\s))*\s?"
_TRAIN_BEFORE = _i(
    rf"(?:{_TRAIN}|(?:tun\w+|train\w*|version|copy|\x00|run|job) of|\bfor)(?: (?:run|training|job))?"
    rf"(?: (?:of|on|for|de|du|von|do))?{_ITS}$"
)
#: The places where a second name is a second run: what is trained, and what it is trained on.
_TRAINED = _i(rf"(?:{_TRAIN}|\b(?:start(?:ing)? (?:with|from)|(?:also|then|next) (?:do|run|use|try|add))\b){_ITS}$")
_TRAINED_ON = _i(rf"{_TRAIN}[^.;:,(\n]{{0,60}}?\b(?:on|with|using|sur|auf|over|sobre|avec|mit|con|com)\s{_DETERMINER}$")
#: "acme/x on tiny-chat": what is trained comes first.
_ON_BEHIND = _i(rf"\s(?:on|over|sur|auf|sobre) {_DETERMINER}(?P<w>{NAME}|[A-Za-z0-9][\w.-]{{2,95}})(?![\w/])")
_ON_BEFORE = _i(rf"\b(?:on|sur|auf|over|sobre|en|em|in)\s{_DETERMINER}$")
_WITH_BEFORE = _i(
    rf"\b(?:with|using|use|from|avec|mit|con|com|usando|utilizando|and|data)\s{_DETERMINER}$|(?:用|使用)\s?$"
)
_TRAINED_ON_WORD = rule(
    rf"{_TRAIN}[^.;:,(\n]{{0,60}}?\bon (?:the )?(?P<w>[A-Za-z0-9][\w.-]{{2,95}})(?<![.-])"
    r"(?=[,;+&]|\s?(?:[+&\n]|$)|\.(?:\s|$)|\s(?:and|plus|with|for|using|which)\b)"
)
#: Right behind what is trained, or behind a value: "train a/b on c/d to e/f".
_TO_BEFORE = _i(r"(?:^|\x00|[,;)])\s?(?:and )?(?:to|into|as|under|nach|vers|para|hacia|in)\s(?:the )?(?:repo )?$")
_JOINED = _i(
    r"^[\s\x00\"']*(?:(?:datasets?|models?|data)\s)?(?:,?\s?(?:and|plus|or|vs\.?|versus|und|oder|et|ou|y|e"
    r"|as well as|along with|together with|followed by|then|also"
    r"|(?:mix|merg|combin|concatenat|augment|extend|blend|join|interleav|enrich)\w* (?:with|by))\s|[,&+|/]\s?"
    r"|和|与|以及|跟|或|と|や|$)(?:(?:and|or|then|also|again|on|with|for|con|mit|auf|avec|sur|both|maybe|perhaps|the|its"
    r"|an?|one|on top|another|some|more|bit|little|half|part|rest|of|bigger|larger|smaller|sibling|brother|version"
    r"|[\x00%]+)\s)*[\s\x00\"'%]*$"
)
#: "on acme/x - sorry, I meant acme/y"
_CORRECTED = _i(
    r"(?:\b(?:(?:no|oh|oops|er+m?|wait|sorry|actually|correction|rather|scratch that|i mean(?:t)?|make (?:that|it))"
    r"[\s,.:;!-]+)+|不对[,\s]*)(?:(?:it'?s|on|use|with|the)\s)*$"
)
#: Behind a name that only opens the next clause: "..., acme/held-out is for the evaluation".
_CLAUSE_BEHIND = _i(
    r"\s(?:is|are|was|were|will|would|can|could|should|has|have|had|does|did|comes?|came|serves?|being|'s)\b"
)


def read_roles(sheet: Sheet, *, positional: bool = False) -> None:
    """Settle what every name on the sheet is for.

    `positional`: words in order may be names ("/finetune qwen capybara").
    """
    for pattern in _ASIDE:
        for match in sheet.find(pattern):
            sheet.cut(match)
    for match in sheet.find(_CALL_TO_ALL):
        sheet.refuse(refusals.invalid_name(sheet.cut(match).split()[-1], "model or dataset"))
    read_output(sheet)
    for match in sheet.find(_TRAINED_ON_WORD):
        if is_marked(match["w"]) and not sheet.has("dataset"):
            say_word(sheet, "dataset", match["w"], match.start("w"))
    _entities(sheet)
    read_bare_names(sheet, positional=positional)


def _entities(sheet: Sheet) -> None:
    """Settle the names that were recognised as such."""
    found = [(at, entity) for at, entity in sheet.names() if entity.kind not in {"job", "script", "other"}]
    weighed: list[tuple[int, Entity, int]] = []
    for at, entity in found:
        if hub_names.is_closed(entity.name) and len(found) > 2:
            sheet.take(at, at + 1)
            continue
        if entity.kind in {"path", "foreign"} and (sheet.has("dataset") or _has_dataset(found)):
            sheet.take(at, at + 1)
            continue
        weighed.append((at, entity, _weigh(sheet, at, entity)))
    models = [each for each in weighed if each[2] > 0]
    datasets = [each for each in weighed if each[2] <= 0]
    models, datasets = _balance(sheet, models, datasets)
    claimed = _claimed(sheet, models, datasets)
    _note(sheet, "model", models, claimed)
    _note(sheet, "dataset", datasets, claimed)


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
    elif _TRAIN_BEFORE.search(before) or (
        (on := _ON_BEHIND.match(behind)) and (re.match(NAME, on["w"]) or may_be_name(on["w"]))
    ):
        weight += 2
    return weight


_Weighed = list[tuple[int, Entity, int]]


def _balance(sheet: Sheet, models: _Weighed, datasets: _Weighed) -> tuple[_Weighed, _Weighed]:
    """Give a second name of the same role the role that is free, unless the sentence joins the two."""
    if len(datasets) >= 2 and not models and not sheet.has("model"):
        first = max(datasets, key=lambda each: (each[2], -each[0]))
        if first[2] > -6 and first[0] == min(at for at, _, _ in datasets) and not _joined(sheet, datasets):
            return [first], [each for each in datasets if each is not first]
    if len(models) >= 2 and not datasets and not sheet.has("dataset"):
        last = min(models, key=lambda each: (each[2], -each[0]))
        if last[2] < 3 and not _joined(sheet, models):
            return [each for each in models if each is not last], [last]
    if len(datasets) == 1 and not models and not sheet.has("model") and sheet.has("dataset"):
        return datasets, []
    if len(models) == 1 and not datasets and not sheet.has("dataset") and sheet.has("model"):
        return [], models
    if (sheet.has("dataset") or len(datasets) >= 1) and (sheet.has("model") or models) and not sheet.has("output_repo"):
        for group in (models, datasets):
            for each in group[1:] if len(group) > 1 else ():
                if each[1].kind == "id" and _TO_BEFORE.search(
                    re.split(NAME, sheet.text[max(0, each[0] - 60) : each[0]])[-1]
                ):
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


def _claimed(sheet: Sheet, models: _Weighed, datasets: _Weighed) -> set[int]:
    """Find the names that stand where a run's model or dataset stands, or are joined to one that does.

    All others are mentioned beside: where something comes from, what it is compared to, who judges it.
    """
    text = sheet.text
    claimed = {at for at, _, _ in (*models, *datasets) if _TRAINED.search(text[max(0, at - 60) : at])}
    for at, _, _ in datasets:
        on = _TRAINED_ON.search(text[max(0, at - 100) : at])
        start = at - len(on[0]) if on else at
        if on and not any(start < other < at for other, _, _ in datasets):
            claimed.add(at)
    for field, names in (("model", models), ("dataset", datasets)):
        if sheet.has(field):
            claimed |= {
                at
                for at, _, _ in names
                if _follows(text[:at].rpartition("\x00")) and not _CLAUSE_BEHIND.match(text, at + 1)
            }
        elif names and not any(at in claimed for at, _, _ in names):
            claimed.add(min(at for at, _, _ in names))
        for at, _, _ in names:
            if _CORRECTED.search(text[max(0, at - 60) : at]):
                claimed -= {other for other, _, _ in names if other < at}
                claimed.add(at)
    places = sorted(at for at, _, _ in (*models, *datasets))
    for before, at in itertools.pairwise(places):
        if before in claimed and _JOINED.match(text[before + 1 : at]) and not _CLAUSE_BEHIND.match(text, at + 1):
            claimed.add(at)
    return claimed


def _follows(parts: tuple[str, str, str]) -> bool:
    """Tell whether a name is joined to what was read before."""
    return parts[1] != "" and _JOINED.match(parts[2]) is not None


def _note(sheet: Sheet, field: str, names: _Weighed, claimed: set[int]) -> None:
    """Say one name; refuse several that are claimed."""
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
    for at, _ in good:
        sheet.take(at, at + 1)
    good = [each for each in good if each[0] in claimed] or good[: not sheet.has(field)]
    distinct = list(dict.fromkeys(entity.name.lower() for _, entity in good))
    if good and not sheet.has(field):
        first = good[0][1]
        # "qwen3 0.6b (Qwen/Qwen3-0.6B)": the full id says it best
        full = next((each for _, each, _ in names if "/" in each.name and _same(each.name, first.name)), first)
        sheet.say(field, full.name, full.typed)
    if sheet.has(field):
        said = next(each for each in sheet.said if each.field == field).value
        others = [name for name in distinct if not _same(name, said)]
        if others:
            refuse_several = refusals.several_datasets if field == "dataset" else refusals.several_models
            sheet.refuse(refuse_several([said, *others]))


def _same(name: str, other: str) -> bool:
    """Tell whether a short name only repeats a full one, be it in another order."""
    name, other = name.lower(), other.lower()
    if "/" in name and "/" in other:
        return name == other
    one, two = (set(parts(each.rsplit("/", 1)[-1])) for each in (name, other))
    return bool(one and two) and (one <= two or two <= one)
