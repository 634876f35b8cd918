"""Whether a message in a run's thread changes the plan, or only talks about it.

An order to change counts, and a message that is nothing but values. In doubt: no.
"""

import re

from bot.intake.asking import HYPOTHETICAL, NEGATED, PAST, REPORTED, is_talk
from bot.intake.grammar import KEYS
from bot.intake.sheet import Sheet
from bot.intake.words import word_set
from bot.models import TrainingRequest


def _i(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


_CHANGE_VERB = (
    r"(?:use|using|make|set|setting|change|switch|swap|go|bump|raise|increase|up|lower|reduce|decrease|drop"
    r"|cut|halve|double|triple|quadruple|add|remove|disable|enable|turn|keep|put|try|do|run|train|fine-?tune"
    r"|finetune|push|save|name|call|rename|limit|cap|give|take|move|replace|update|edit|adjust|modify|shorten"
    r"|extend|pick|choose|prefer|want|need|only|without|with|no|not(?!\s(?:bad|sure|yet|really|too|so|now|that|a"
    r"|my|our))|instead|also|max|stop|start|let it|have it"
    r"|mark|store|upload|publish|send|log|report|evaluate|eval|checkpoint|hold|pack|skip|leave|crank|bring"
    r"|multiply|divide|lets?|revert|restrict|target|allow|spend|stick|downgrade|upgrade|scale|shrink|grow"
    r"|include|exclude|base|point|configure|specify|truncate|subsample|sample|turn|rather|better|lieber"
    r"|nimm|nutze|verwende|benutze|ändere|änder|setze|setz|stell|stelle|mach|mache|erhöhe|erhöh|reduziere"
    r"|verringere|verdopple|verdoppel|verdoppele|halbiere|halbier|wechsle|wechsel|lieber|statt|trainiere"
    r"|speichere|pushe|füge|begrenze|entferne|lass|doch"
    r"|utilise|utilisez|utiliser|mets|mettez|mettre|change|changez|changer|passe|passez|passer|augmente"
    r"|augmentez|réduis|réduisez|réduire|prends|prenez|fais|faites|plutôt|double|doublez|ajoute|ajoutez|enlève"
    r"|limite|limitez|entraîne|remplace|garde|pousse|divise"
    r"|usa|usar|use|cambia|cambiar|cámbialo|pon|ponle|ponlo|poner|haz|hazlo|sube|súbelo|baja|aumenta|reduce"
    r"|mejor|duplica|agrega|añade|quita|limita|entrena|reemplaza|guarda|guárdalo"
    r"|mude|muda|mudar|troca|troque|trocar|coloca|coloque|põe|ponha|aumente|reduza|diminua|faça|faz|melhor"
    r"|dobra|dobre|adicione|remova|limite|treine|salva|salve)"
)
_CHANGE_OPENER = (
    r"(?:(?:please|pls|plz|ok(?:ay)?|actually|hmm+|hm|no|nope|wait|oh|and|also|but|so|then|just|now|well|sorry"
    r"|hey|hi|yes|yeah|sure|right|great|thanks|thank you|cool|nice|good|fine|alright|lgtm|instead|maybe|rather"
    r"|oops|ah|perfect|looks good|one (?:change|thing|more thing)|(?:small|quick|one|minor) (?:change|tweak"
    r"|edit|correction)|correction|edit|update|change|tunesmith|bot|approve[d]?|first|second|before (?:that"
    r"|we start|you start)|on second thought|let'?s|lets"
    r"|(?:can|could|would|will) (?:you|we|u|i)(?: please| maybe| just| also| instead| pls| rather| try to)*"
    r"|i(?:'d| would) (?:like|prefer|rather|want)(?: you| it| us)?(?: to)?|i (?:want|need|prefer|meant"
    r"|mean)(?: you| it)?(?: to)?|we (?:want|need|should rather|prefer|have)(?: to)?|we'd (?:like|prefer"
    r"|rather)(?: to)?|you can|you should|should be|it should be|let me|go ahead and|bitte|kannst du"
    r"|könntest du|bitte doch|por favor|s'il te plaît|stp|svp|peux-tu|puedes|pode|você pode|podrías|mejor"
    r"|melhor|und|et|y|e|ok|non|nein|não|aber|mais|pero|mas)[\s,.!:;-]+){0,5}"
)
_CHANGE = _i(
    rf"(?:^|[.!;:\n,]\s?|\s-\s|\b(?:and|but|then|so|also|aber|mais|pero"
    rf"|mas)\s){_CHANGE_OPENER}{_CHANGE_VERB}(?![\w'])"
)
_CORRECTION = _i(
    r"\b(?:(?:should|must|needs? to|has to|ought to|supposed to) (?:not )?(?:be|go|use|run|have)|(?:i|we) meant"
    r"|wrong (?:dataset|model|method|split|gpu|hardware|repo)"
    r"|meant to (?:say|write|use)|typo|(?:we|i) (?:only|just) have)\b"
)
_CHANGE_FOREIGN = _i(
    r"해주세요|해 주세요|바꿔|변경해|줄여|늘려|用|改|换|把|设|加到|减|使用|增加|降低|提高|调|多训练|多跑|只|变更"
    r"|に(?:変更|して|変え|上げ|下げ|増や"
    r"|減ら)|を?使って|増やし|減らし|でお願い|を(?:2倍|半分)|にしてください|倍に|は\s?\x00|を\s?\x00|公开|私有"
    r"|非公開|公開|不用|なしで"
)
_SETTING_NOUN = (
    r"(?:gpus?|hardware|machine|flavor|instance|batch(?:es)?|lr|learning rate|epochs?|steps|dataset|model|method|budget"
    r"|repo|rank|context|seed|split)"
)
#: "use a bigger gpu", "change the lr", "make it cheaper".
_VAGUE = _i(
    rf"{_CHANGE_OPENER}{_CHANGE_VERB}\s(?:(?:a|an|the|some|another|different|other|its|our|my|it|this|something"
    rf"|on|to|with)\s)*"
    rf"(?:(?:\w+\s)?{_SETTING_NOUN}\b(?!\s(?:it|is|was|we|i|you|she|he|they))|(?:cheaper|faster|smaller|bigger"
    rf"|larger|longer"
    rf"|shorter)\b)"
)
#: "cheaper gpu pls"
_COMPARED_NOUN = _i(
    rf"\W*(?:an? |the )?(?:cheaper|bigger|larger|smaller|faster|slower|lower|higher|longer|shorter|different"
    rf"|another) {_SETTING_NOUN}"
    rf"(?:,? (?:please|pls|plz|instead|then|bitte))*\W*"
)
#: Characters.
_LONGEST_CHANGE = 800
_THIN = word_set(
    """
    erhöhen senken ändern setzen reduzieren verringern halbieren verdoppeln augmenter réduire mettre changer subir bajar
    cambiar poner aumentar reducir diminuir mudar colocar optimizer scheduler tracker logging
    lr learning rate batch different other new following correct right bit tad have bigger smaller larger higher
    lower longer shorter
    cheaper faster stronger first last top a an the it its it's this that these those to of for and with on in at as
    by is be are use using make set change switch go bump raise increase lower reduce drop cut keep put try do run
    train please pls plz ok okay actually instead no wait oh also but so then just now well sorry hey yes yeah sure
    right great thanks thank you let's lets let i we me us want need like would 'd i'd we'd prefer rather can could
    will maybe hmm hm max maximum minimum only total dataset data model method hardware gpu machine instance one
    ones from up down back per each about around not more less under over within up push save name call time times
    cost budget cap limit hi hello cheers thx there all too everything else same rest again better only both
    together each way size value value's parameter setting settings option steps epochs bitte mit ohne auf und das
    die der den statt stattdessen lieber doch nimm nutze verwende mach setze danke nur noch zu avec sans sur et le
    la les un une plutôt stp svp s'il te plaît merci mets utilise passe en de du pour con sin y el los por favor
    mejor usa pon cambia haz hazlo gracias en de solo com sem e o os as use usa mude faça por favor melhor obrigado
    em só muda 要 用 吧 请 改 成 改成 换 换成 设 为 设为 把 的 了 一下 就 来 只 に を は で が して ください
    お願いします 変更 使って です ます の と も にして にしてください でお願いします へ
    """
)


_POLITE_QUESTION = _i(
    r"(?:[^\n?]*[.!;]\s|\W{0,3})(?:(?:ok|okay|hmm|actually|please|hey|and|also|wait)[ ,]{1,2}){0,4}"
    r"(?:can|could|would|will) (?:you|we|u|i|it)\b"
    r"|[^\n]*\b(?:peux-tu|kannst du|könntest du|puedes|pode|podrías)\b|[^\n]*(?:吗|ますか|できる)"
)
_FORWARD = _i(r"\binstead\b|\bso (?:let'?s|please|use)\b|\bplease\b")
_OPINION = _i(
    r"\b(?:should (?:i|we)|what if|would (?:it|that)|i think|i guess|wonder|might|maybe|perhaps|probably|overkill)\b"
)
_PLEASE = _i(r"\b(?:please|instead|let'?s)\b")
_CLAUSE_END = _i(r"[.!;,]\s?$|\b(?:so|but|and)\b\s*$")
#: "you could use lora", "lora is all you need": nothing but values and thin words, and still talk.
_MAYBE = _i(
    r"\b(?:you|we|i|they|it) (?:could|can|might|would|should|may|have|had)\b"
    r"|\bis (?:all|the|a|an|not|better|so|my|our|what|how|always|usually)\b"
)
#: "500 samples is plenty": a change, where the plan has another number.
_SUFFICES = _i(
    r"^[^.!?\n]{0,40}\d[^.!?\n]{0,20}\s(?:is|are|will be|should be) (?:fine|enough|plenty|ok|okay|sufficient)\W*$"
    r"|^\W*(?:just|only|one|half)\b[^.!?\n]{0,40}\s(?:is|are) (?:fine|enough|plenty|ok|okay|sufficient)\W*$"
)
_ONLY_HAVE = _i(r"\b(?:only|just) have\b")


def orders_change(text: str) -> bool:
    """Tell whether a message has a verb of change where an order has it."""
    return _CHANGE.search(text) is not None or (not text.isascii() and _CHANGE_FOREIGN.search(text) is not None)


def opens_change(text: str) -> bool:
    """Tell whether a message opens with an order to change, or with the name of a setting."""
    return orders_change(text[:40]) or setting_of(" ".join(text.split()[:2])) is not None


def is_change(sheet: Sheet, text: str, plan: TrainingRequest, *, understood: bool, beside: str | None = None) -> bool:
    """Tell whether a message in a thread changes the plan: an order to change, or nothing but values.

    `understood`: some value was read, be it a possible one or not. `beside`: what is left without the wishes that no
    value was read from; None: all that is left.
    """
    text = text[:_LONGEST_CHANGE]
    _, mark, order = text.rpartition("?")
    if mark and orders_change(order.strip()):
        text = order.strip()  # "isn't that slow? use an l4"
    if (
        understood
        and _SUFFICES.search(text)
        and not (NEGATED.search(text) or _OPINION.search(text))
        and "?" not in text
    ):
        return any(said.value != getattr(plan, said.field) for said in sheet.said)
    if "?" in text and not _POLITE_QUESTION.match(text):
        return False
    left = re.sub("[\ue000-\uf8ff]", " ", sheet.left() if beside is None else beside).lower()
    words = [word.strip(".,;:!?()'\"-+&/") for word in left.split()]
    if understood and all(word in _THIN for word in words if word):
        return _MAYBE.search(text) is None or "?" in text or _ONLY_HAVE.search(text) is not None
    if (PAST.search(text) and not _FORWARD.search(text)) or REPORTED.match(text):
        return False
    if understood and _asks_at_last(sheet):
        return True
    if not understood:
        return is_vague_order(text)
    if orders_change(text) or _CORRECTION.search(text):
        return not _is_doubtful(text)
    return re.search(r"(?i)\binstead\b", text) is not None and not is_talk(text)


def _asks_at_last(sheet: Sheet) -> bool:
    """Tell "the t4 is too slow, l4 please": the last clause is nothing but a value that is asked for."""
    last = re.split(r"[.,;!\n]", sheet.text.rstrip(" .!\x00") + "\x00" * sheet.text.endswith("\x00"))[-1]
    words = last.replace("\x00", " ").lower().split()
    return (
        "\x00" in last
        and bool({"please", "pls", "plz", "instead"} & set(words))
        and all(word in _THIN for word in words)
    )


def _is_doubtful(text: str) -> bool:
    """Tell an opinion that only sounds like an order: "I think we could use lora"."""
    opening = _CHANGE.search(text)
    before, behind = (text[: opening.start() + 1], text[opening.start() :]) if opening else ("", text)
    if HYPOTHETICAL.search(before) and not _CLAUSE_END.search(before.rstrip("\n") + " "):
        return True
    return _OPINION.search(text) is not None and _PLEASE.search(behind) is None


#: What a comparison means where no setting is named.
_COMPARED = _i(
    r"\b(?:cheaper|faster|bigger (?:one|machine)|smaller (?:one|machine)|something (?:bigger|smaller|cheaper))\b"
)


def setting_of(text: str) -> str | None:
    """Find the field that an order without a value is about."""
    words = re.findall(r"[a-z_]+", text.lower())
    for count in (3, 2, 1):
        for start in range(len(words) - count + 1):
            row = KEYS.get("_".join(words[start : start + count]))
            if row and row.field and (count > 1 or len(words[start]) > 1):
                return row.field
    return "hardware" if _COMPARED.search(text) else None


def is_vague_order(text: str) -> bool:
    """Tell an order to change something without a value: "use a bigger gpu"."""
    asked = text.rstrip("? ") if _POLITE_QUESTION.match(text) else text
    if _COMPARED_NOUN.fullmatch(text):
        return True
    short = len(text) < 120 and "?" not in asked
    return short and not is_talk(asked) and _VAGUE.match(asked) is not None
