"""What a message wants: the decision rules of who asks for what, in seven languages.

Judges the words only; which values they carry is read elsewhere. In doubt a message wants nothing.
"""

import re
from enum import StrEnum

from bot.intake import phrases, questions
from bot.intake.slack_text import SlackText


class Intent(StrEnum):
    """What a message wants."""

    APPROVE = "approve"
    CONDITIONAL = "conditional consent"
    REJECT = "reject"
    CANCEL = "cancel"
    STATUS = "status"
    LOGS = "logs"
    EXPLAIN = "explain"
    RETRY = "retry"
    COST = "cost"
    HELP = "help"


def _i(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


#: Instructions aimed at the machine.
INJECTION = _i(
    r"\b(?:ignore|disregard|forget|override|bypass|skip)\b[^.\n]{0,40}\b(?:instructions?|rules|prompts?"
    r"|guidelines|polic(?:y|ies)|safety|guardrails|approvals?|restrictions|checks)\b"
    r"|\b(?:system|developer|assistant)\s?(?:prompt|message|override|mode)\b|^\W{0,3}(?:system|assistant"
    r"|developer|admin|root)\s?[\]>]?:|\byou are now\b|\byou must (?:now )?(?:approve|obey|comply)"
    r"|\bobey\b|\b(?:new|updated) (?:policy|instructions|rules)\b\s?[:,]|[\[<(]/?(?:system|admin|developer"
    r"|assistant)[\]>)]"
    r"|\[/?inst\]|<\|?(?:im_start|system|endoftext)|\bjailbreak|\bdo anything now\b|\bpretend (?:that|to|you)"
    r"|\bact as (?:an? )?(?:admin|approver|root)|\bwithout (?:asking|approval|any approval|confirmation"
    r"|waiting for approval)\b"
    r"|\b(?:approve|run|start|cancel|delete|stop|kill) (?:all|every|each|any)\b[^.\n]{0,30}\b(?:pending|plans?"
    r"|jobs?|runs?|requests?|waiting)\b|\b(?:reveal|print|show|send|leak|dump)\b[^.\n]{0,30}\b(?:tokens?"
    r"|secrets?|api keys?|passwords?|credentials|hf_token|env(?:ironment)?(?: variables)?)\b"
    r"|忽略(?:之前|以上|所有|你|先前)|無視して|ignoriere (?:alle|deine|die)|ignore (?:toutes|tes|les) "
    r"|ignora (?:todas|tus|las|todas as|as) "
)

_CONDITION = (
    r"(?:but|if|once|as long as|so long as|provided|providing|assuming|only|except|unless|when|after|although"
    r"|though|just|however|(?:on|under) (?:the )?condition|on (?:an?|the)\b|in (?:a|the)\b|with (?:a|one|the|lora|lr"
    r"|batch|\d)|using|use|make|change|set|switch|aber|wenn|falls|sobald|nur|mit|mais|si\b|seulement|sauf|avec"
    r"|pero|siempre que|solo|con|mas|porém|só|desde que|com|ma|purché|но|если|только|不过|但|如果|只要|ただし"
    r"|ただ|もし|けど|でも"
    r"|しかし|が、)"
)
_YES = (
    r"ok(?:ay)?|yes|yep|yeah|sure|lgtm|approved?|looks? (?:good|great|fine)(?: to me)?|sounds? (?:good|great)"
    r"|good|great|perfect|nice|fine|go ahead|ship it|do it|go for it|i(?:'d| would| will|'ll)? approve"
    r"|happy to approve|ja|passt|genehmigt|sieht gut aus|oui|d'accord|approuvé|ok pour moi|sí|si|vale|aprobado"
    r"|adelante|sim|aprovado|tudo bem|sì|va bene|да|хорошо|好的?|同意|批准|可以|はい|承認|いい(?:です)?(?:ね|が"
    r"|よ)?|(?:we|i"
    r"|it) can (?:approve|go)|approving"
)
_CONSENT = _i(
    rf"^(?:{_YES})"
    rf"(?P<gap>[\s,.;:!-]*)(?:(?:{_YES}|it|this|the plan|that|by me|with me|for me|from me|to me|please|thanks"
    rf"|plan)[\s,.;:!-]+){{0,3}}(?P<c>{_CONDITION})(?![A-Za-z]|\s(?:kidding|joking|saying|wondering|curious)\b)"
)

_CONSENT_AFTER = _i(
    r"^(?:(?:ok|okay|hm+|well|and|so),? )?(?:if|once|when|as soon as|provided"
    r"|as long as)\b[^?\n]{3,120}\b(?:i(?:'ll| will|'d| would|'m)? (?:approve"
    r"|fine|ok|okay|happy|good)|(?:it|that|this)(?:'s| is) (?:approved|fine|ok|good)|you have my (?:ok|approval)"
    r"|lgtm|go ahead)\W*$"
)
_OPENING = _i(rf"^(?:{_YES})(?: (?:it|this|that|to me|for me|otherwise|the plan)){{0,2}}\s?[,.;:!-]+\s?\S")

_REJECT_REASON = _i(
    r"^(?:please )?(?:i )?(?:reject(?:ed|ing)?|declin(?:e|ed|ing)|den(?:y|ied)|abgelehnt|refusé|rechazado"
    r"|rejeitado|拒绝|驳回|却下)(?: (?:it|this|the plan|this plan|that))?\s?(?:[,.:;!-]|because|since|as"
    r"|for now|due to|weil|car|porque|因为|、|\(|not\b|too\b|we\b|this is)"
    r"|^(?:no|nope|nah|nein|non|não|nao)\s?[,.;:!-]+\s?(?:that'?s |this is |it'?s |way |far |much |das ist "
    r"|c'est |es |está |é )*(?:too (?:expensive|much|long|slow|big|large|costly|pricey|high)|not (?:worth|now"
    r"|yet|this|needed|like this|today|what)|don'?t|do not|please don'?t|let'?s not|let'?s (?:wait|skip|hold)"
    r"|stop|cancel|wrong|we (?:don'?t|do not|can'?t|cannot|won'?t|shouldn'?t|already)|i (?:don'?t want"
    r"|changed)|zu teuer|nicht|trop cher|ne |pas |demasiado|muito car|no |não |forget|hold off|overpriced"
    r"|expensive|scrap|drop|skip|this (?:is not|isn'?t)|wait)"
    r"|^(?:please )?(?:don'?t|do not|dont|let'?s not) (?:run|start|train|submit|launch|do|go ahead with"
    r"|proceed with|execute) (?:this|it|that|the (?:run|job|plan|training))(?: one)?(?:$|\s?[,.;:!-]"
    r"|\s(?:please|yet|now|today|because|since|for now|anymore|until|it'?s|we))"
    r"|^(?:let'?s )?(?:cancel|scrap|drop|skip|forget|abandon|withdraw|discard) (?:this|it|that|the)(?: (?:plan"
    r"|request|one|run|idea))?\s?(?:[,.;:!-]|because|since|for now|it'?s|we)"
    r"|^(?:(?:way )?too (?:expensive|pricey|costly|much|steep)|zu teuer|trop cher|demasiado caro|muito caro|太贵了?"
    r"|高すぎ\w*)\s?[,.;!-]*\s?(?:no|pass|skip|reject\w*|decline\w*|cancel|forget it|let'?s not|skip it|don'?t|nein|non"
    r"|不要|算了|却下|やめ\w*)"
    r"|^(?:never ?mind|nvm|forget it)\s?[,.;:!-]+\s?(?!if|stop|what|how|why|can|could|use|make)[^?]{0,80}$"
)
_STOP_HEAD = _i(
    r"^(?:(?:please|pls|plz|ok(?:ay)?|no|wait|hey|can you|could you|would you|actually|oh no|oops|yes|just|now"
    r"|go ahead and|nvm|never mind|bitte|por favor|s'il te plaît|@tunesmith|stop)[\s,!.:-]*){0,4}"
    rf"(?:{phrases.STOP_VERBS})(?: (?:{phrases.OBJECTS}))?(?: (?:now|please|immediately|asap|right now|here"
    rf"|for now))?\s?(?:[,.;:!()-]+|because|since|cause|cuz|bc|as it|the loss|it'?s|loss is|we|i )"
)
_STOP_TAIL = _i(
    r"\b(?:if|unless|when|once|until|after|before|should|would|could|may|might|or|at (?:step|epoch|\d)|in case"
    r"|don'?t|do not|not yet|later|tomorrow|tonight|you|lol|haha|guys)\b|\?|\d\s?(?:steps?|epochs?|hours?|min)"
)
_STOP_NAMED = _i(
    rf"^(?:(?:please|pls|ok(?:ay)?|can you|could you|would you|just|now|bitte|por favor|i want to|i'd like to"
    rf"|we need to|need to|let'?s|go ahead and|hey|hi|hello)[\s,]*){{0,4}}(?:{phrases.STOP_VERBS}|stoppe|brich"
    rf"|annule|arrête|cancela|cancele|detén|pare|取消|停止|终止|中止)(?:[\s:#]*(?:the|my|our|this|that|training"
    rf"|job|run|fine-?tune|den|le|el|o|a|lauf|trabajo|entrenamiento|treino|任务|with id|id|number|no\.?"
    rf"|#))*[\s:#]*(?P<run>[\ue000-\uf8ff]|(?=\w{{0,7}}\d)[0-9A-HJKMNP-TV-Z]{{8}}(?!\w))"
)
_JOB_STOP_JA = _i(r"^(?:ジョブ)?\s?[\ue000-\uf8ff]\s?を?(?:止めて|中止|停止|キャンセル)")
_STOP_ADDRESSED = _i(
    rf"^(?:(?:please|pls|ok(?:ay)?|can (?:you|we)|could you|would you|just|now|i want to|i'd like to|i need to"
    rf"|we need to|need to|let'?s|go ahead and)[\s,]*){{0,3}}(?:{phrases.STOP_VERBS}) (?:{phrases.OBJECTS}"
    rf"|my (?:last|latest|current) (?:job|run)|training job)(?: (?:now|please|for (?:this|the"
    rf"|my) \w+))*\s?[.!?]*$"
)

_RETRY = _i(
    r"(?:^|[,.;:!-]\s?|\b(?:please|pls|can you|could you|can we|would you|let'?s|ok(?:ay)?|now|and|then|just"
    r"|i want to|we should|go ahead and|yes|hey|so|i'd like to|want to|great|thanks|fixed it|fixed|done"
    r"|alright|bitte)[\s,]{1,2})"
    r"(?:retry|re-?run|re-?train|restart|re-?start|(?:run |do |the )?the same(?: again)?(?=\s(?:with|but|on)\b)"
    r"|same (?:again|but with)|relaunch|resubmit|re-?submit|try (?:it |this |that |the (?:run"
    r"|job) )?(?:again|once more|one more time)|run (?:it|this|that|the (?:job|run|training)) (?:again"
    r"|once more|one more time)|(?:start|launch|do|submit|kick|run|go|train) (?:(?:it|this|that) )?(?:off )?again"
    r"|again(?= with| but| on| using|,)|(?:another|one more) (?:try|go|attempt|shot|run)|(?:give|have) (?:it"
    r"|this)? ?another (?:try|go|shot)|try (?:with|on|using|it with|it on|this with|lr|lora|a |an |batch"
    r"|smaller|bigger|half|lower|\d)"
    r"|once more|one more time|encore une fois|otra vez|mais uma vez|outra vez|de nuevo|de novo"
    r"|nochmal|noch einmal|erneut|versuch\w* es (?:nochmal|erneut)|starte \w* ?(?:neu|nochmal)|réessa\w+"
    r"|relanc\w+|recommence|reintent\w+|reinténta\w*|relánza\w*|inténtalo|intenta de nuevo|vuelve a"
    r"|tent[ae] (?:de novo|novamente)|rod[ae] (?:de novo|novamente)|refaz|refaça"
    r")(?![A-Za-z])|(?:重试|再试|重新(?:跑|运行|训练|开始|提交|来)|重跑|再跑|再来|再训练)|(?:もう一度|もう一回"
    r"|もう1回|再試行|再実行|リトライ|やり直)"
)
_RETRY_NAMED = _i(r"\b(?:retry|re-?run|restart|relaunch|resubmit)(?:ing)?\b.{0,30}?[\ue000-\uf8ff]")
_NOT_RETRY = _i(
    r"\b(?:don'?t|do not|never|no need to|should (?:i|we)|shouldn'?t|would|if (?:we|you|i|it)|why|who|did you"
    r"|did (?:we|i)|already|i(?:'ll| will)|tomorrow|later|i'?m going to|have you tried|tried|nicht|pas|不要|别"
    r"|しないで)\b"
)


def opens_with_consent(text: str) -> bool:
    """Tell whether a message starts as consent does."""
    return _OPENING.match(text) is not None


_CONDITIONAL_STOP = _i(r"\b(?:if|unless|when|don'?t|should)\b")
_POLITE_QUESTION = _i(
    r"(?:please )?(?:can|could|would|will) you\b|(?:peux-tu|kannst du|könntest du|puedes|você pode|pode)\b"
)
_CAN_YOU = _i(r"\b(?:can|could|would) (?:you|we)\b")
_RETRY_ORDER = _i(r"(?:please )?(?:restart|retry|re-?run)\b")
_RETRY_LAST = _i(
    r"(?:please |can you |could you )?"
    r"(?:retry|re-?run|restart|resubmit|try again|run (?:it|that|my last (?:job|run)) again)\b"
)
#: A run that is named, in a question about it.
_NAMED = _i(r"(?:\b(?:the|my|our|this) )?(?:\b(?:job|run|training) )?[\ue000-\uf8ff]")
_POLITE_START = _i(
    r"^¿?(?:(?:please|pls|plz|hey|hi|hello|ok|okay|so|and|bot|tunesmith|sorry|quick question)[ ,:!]+){1,4}"
)
_POLITE_END = _i(
    r"(?:[ ,]+(?:please|pls|plz|thanks|thx|thank you|ty|bitte|danke|svp|stp|merci|por favor|gracias|obrigado|bot)){1,3}"
    r"(\s?[?!.]*)$"
)


def wants(message: SlackText, text: str, *, state: str | None) -> Intent | None:
    """Decide what a message wants besides training; None: nothing of this list.

    `text` is the tagged text; `state` is the thread's, None outside of threads.
    """
    lowered = _ends_of(text.strip())
    aloud = message.addressed or message.slash
    waits = state in {"awaiting_approval", "needs_info"}
    question = "?" in lowered
    quoted = not (message.addressed or message.slash) and (message.all_code or _in_quotes(lowered))
    plain = not question and not quoted
    if waits and plain and (phrases.declines(lowered) or _REJECT_REASON.match(lowered) or _ends_in_no(lowered)):
        return Intent.REJECT
    if state == "awaiting_approval" and plain:
        if phrases.approves(lowered):
            return Intent.APPROVE
        if _CONSENT.match(lowered) or _CONSENT_AFTER.match(lowered):
            return Intent.CONDITIONAL
    if not quoted and _is_cancel(message, lowered, state):
        return Intent.CANCEL
    if _is_retry(lowered, state, aloud=aloud):
        return Intent.RETRY
    return _asks(lowered, state)


#: Characters that are looked at, of the beginning and of the end: nobody asks in the middle of a long text.
_HEAD, _TAIL = 320, 160


def _ends_of(text: str) -> str:
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"


#: What a last word may depend on, or who else may have said it.
_DEPENDS = _i(
    r"\b(?:if|unless|when|once|until|after|before|should|would|could|might|or|but|don'?t|do not|not yet|later|tomorrow"
    r"|tonight|said|says|told|asked|you|he|she|they)\b|:"
)


def _last_words(text: str, *, sentence: bool) -> str:
    """Return the last sentence, or the last clause, of a message that has more than one; "" otherwise."""
    parts = [part for part in re.split(r"[.!;\n]+|\s-\s" if sentence else r"[.!;,\n]+|\s-\s", text) if part.strip()]
    return parts[-1].strip() if 1 < len(parts) <= 4 and len(text) < 200 and not _DEPENDS.search(text) else ""


def _ends_in_no(text: str) -> bool:
    """Tell "this is way too expensive. no." and "wrong dataset, cancel it"."""
    sentence, clause = _last_words(text, sentence=True), _last_words(text, sentence=False)
    return bool(sentence and phrases.declines(sentence)) or (len(clause) > 5 and phrases.declines(clause))


def _in_quotes(text: str) -> bool:
    return text[:1] in "\"'" and text[-1:] in "\"'"


def _is_cancel(message: SlackText, text: str, state: str | None) -> bool:
    if _STOP_NAMED.match(text) or _JOB_STOP_JA.match(text):
        return not _CONDITIONAL_STOP.search(text)
    stops = (phrases.CANCELLATIONS, phrases.OPENERS, phrases.CLOSERS)
    if state == "running":
        asked = text.rstrip("?") if _POLITE_QUESTION.match(text) else text
        if "?" not in asked and phrases.is_made_of(asked, *stops):
            return True
        last = _last_words(asked, sentence=False)
        if "?" not in asked and len(last) > 3 and phrases.is_made_of(last, *stops):
            return True
        head = _STOP_HEAD.match(text)
        return head is not None and not _STOP_TAIL.search(text[head.end() - 2 :])
    if state is None and (message.addressed or message.slash):
        return _STOP_ADDRESSED.match(text) is not None or phrases.is_made_of(text, *stops)
    return False


def _is_retry(text: str, state: str | None, *, aloud: bool) -> bool:
    if state in {"awaiting_approval", "needs_info"}:
        return False
    ended = state in {"failed", "succeeded"}
    again = (phrases.RETRIES, phrases.OPENERS, phrases.CLOSERS, phrases.FILLERS)
    if ended and phrases.is_made_of(text.rstrip("?"), *again):
        return True
    if _NOT_RETRY.search(text):
        return False
    if ended and _RETRY.search(text):
        return not text.endswith("?") or _CAN_YOU.search(text) is not None
    if state == "running":
        return _RETRY_ORDER.match(text) is not None and "?" not in text
    if _RETRY_NAMED.search(text):
        return aloud or _RETRY_ORDER.match(text) is not None
    return state is None and aloud and _RETRY_LAST.match(text) is not None


def _asks(text: str, state: str | None) -> Intent | None:
    """Recognise questions; the order settles messages that are two things at once."""
    short = len(text) < 400
    text = _POLITE_END.sub(r"\1", _POLITE_START.sub("", text))
    if state == "failed" and questions.EXPLAIN_SHORT.match(text):
        return Intent.EXPLAIN
    if state == "failed" and questions.EXPLAIN_FAILED.search(text):
        return Intent.EXPLAIN
    if questions.EXPLAIN.search(text) and not re.match(
        r"(?i)(?:i|we) (?:think|know|guess)|(?:that|this) explains", text
    ):
        return Intent.EXPLAIN
    if (
        short
        and questions.LOGS.search(text)
        and not re.search(
            r"(?i)\b(?:i|we|they) (?:looked|checked|saw|read)|\b(?:let me (?!see|have)|i'?ll|i will|i'm going to)"
            r"|logs? (?:show|look|say)s? (?:that|like|fine)|don'?t",
            text,
        )
    ):
        return Intent.LOGS
    if questions.MONEY_QUESTION.search(text) and not questions.NO_MONEY_QUESTION.search(text):
        return Intent.COST
    if short and questions.STATUS.search(_NAMED.sub("the run", text)) and not _talk(text):
        return Intent.STATUS
    if short and questions.HELP.search(text) and not _talk(text):
        return Intent.HELP
    return None


def _talk(text: str) -> bool:
    """Tell talk about the run from a question to the bot."""
    return (
        re.match(r"(?i)(?:i|we|you|they|he|she) (?:think|guess|hope|know|wonder|bet|believe|heard)\b|@person", text)
        is not None
    )
