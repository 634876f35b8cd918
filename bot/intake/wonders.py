"""What people wonder about a run beside its numbers: "is my data safe?", "why is it so cheap?", "how good will it be?".

Each topic is some groups of words, one of each of which a short question must hold. Whether the question is meant for
the bot is judged here too; the answers are not known here.
"""

import re


def _any(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)


_WHY = r"why|how come|what makes|what drives"
_MAY = r"(?:can|could|do|should|must|may|will|shall|would) (?:i|we)"

#: The more particular topics come first.
_WONDERS: tuple[tuple[str, tuple[re.Pattern[str], ...]], ...] = tuple(
    (topic, tuple(map(_any, groups)))
    for topic, *groups in (
        (
            "other_hardware",
            r"other|else|cheaper|faster|bigger|larger|smaller|better|different|alternatives?|stronger",
            r"gpus?|hardware|machines?|flavou?rs?|run on|fit|fits|graphics cards?",
        ),
        (
            "which_model",
            r"which|what|recommend\w*|suggest\w*",
            r"models?",
            r"should|good|best|better|recommend\w*|suggest\w*|start with|begin with|pick|choose|suits?",
        ),
        ("full_or_lora", r"lora|qlora|adapters?", r"full|all weights|better|worse|difference|vs|versus|enough|or"),
        ("warnings", r"warnings?", r"what|why|means?|serious|matters?|ignore|bad"),
        (
            "price",
            rf"{_WHY}|how (?:do|does|did|is|was|are)",
            r"cheap\w*|expensive|costly|pricey|costs?|prices?|ceiling",
        ),
        ("slow", _WHY, r"long|slow\w*|hours|(?:much|more) time"),
        ("waiting", rf"{_WHY}|what is it|what's it", r"wait(?:s|ing)?|queued?|start(?:ed|s|ing)?|begun|not running"),
        (
            "loss",
            r"loss|curve|overfit(?:s|ting|ted)?",
            rf"{_WHY}|good|bad|high|low|normal|ok|okay|fine|means?|overfit\w*|worr\w+",
        ),
        (
            "trust",
            r"sure|certain|accurate|exact|reliable|trust|rely|believe|realistic|guaranteed?|confident|what if (?:it"
            r"|this)",
            r"prices?|costs?|estimates?|takes?|time|numbers?|predictions?|figures?|more|longer",
        ),
        (
            "own_data",
            r"upload|(?:a|some|this|these|my|our) (?:\w+ )?(?:csv|jsonl?|excel|spreadsheet|pdf|word|text|txt)s?"
            r"(?: files?)?"
            r"|(?:my|our|own|private)(?: \w+){0,2} (?:data(?:sets?)?|csv|jsonl?|files?|excel|documents?|rows|examples)"
            r"|private datasets?",
            r"(?:can|could|may|do|should|would) (?:i|we)|how to|where to",
        ),
        (
            "privacy",
            r"safe|secur\w+|private|privacy|confidential|gdpr|leak\w*|sees?|reads?|stored?|keeps?|kept|shared?|access"
            r"|sell|do you use|trained on|used for|goes?|go",
            r"data\w*|rows|messages|chats?|examples|privacy|gdpr|files?|model|adapter",
        ),
        (
            "rows",
            r"should|shall|would|worth|better",
            r"more|fewer|less|extra|another|longer",
            r"rows|data|examples|epochs?|passes|steps",
        ),
        ("precision", rf"{_WHY}|what|which|is|does|should|can", r"fp32|bf16|fp16|float16|float32|bfloat16|precision"),
        (
            "stop_advice",
            r"should|shall|better|wise|worth|sensible",
            r"stop|cancel|kill|abort|end it|let it (?:run|finish|go on)|keep (?:it )?(?:going|running)",
        ),
        (
            "learning",
            r"is|does|are|still",
            r"learning(?! rate)|improving|converging|getting (?:any )?better|(?:going|coming) down",
        ),
        ("rows", r"enough|how (?:much|many)|why only|why not|too (?:few|many|little)", r"rows|data|examples|epochs?"),
        ("held_back", r"what|which|how|why|when", r"held|hold|evaluat\w+|measured?|tested|judged|validat\w+"),
        (
            "failure",
            r"what if|what happens|what will happen|what (?:can|could|might)|pay|charged|risks?|risky",
            r"fails?|failed|crash\w*|breaks?|wrong|risks?|risky|dies|errors?|stops?",
        ),
        (
            "charge",
            r"charged?|charging|charges|bill(?:ed|s|ing)?|invoice|credit card|pays?|paying",
            r"i|me|my|we|us|our|who|it|this|you|somebody|anybody",
        ),
        ("poor", _WHY, r"bad|worse|worst|poor(?:ly)?|terrible|awful|stupid|dumb|nonsense|garbage|useless|weak"),
        (
            "absence",
            rf"{_MAY}|(?:does|will|is) it",
            r"close|turn off|shut|leave|stay|keep (?:\w+ )?(?:open|on|watching)|wait|go home|sleep|laptop|computer"
            r"|background|overnight|notified|be told|by itself|on its own",
        ),
        (
            "using",
            rf"how|{_MAY}|where|who|what can",
            r"use|try|test|deploy|serve|download|merge|load|talk to|chat with|publish|gguf|ollama|owns?|do with",
            r"it|model|adapter|result|weights",
        ),
        (
            "quality",
            r"good|well|useful|worth|better|smart\w*|improved?|learn(?:s|ed)?|able to|quality|work",
            r"how|will|would|is|does|did|what",
            r"it|models?|result|adapter",
        ),
        (
            "advice",
            r"should|shall|recommend|advise|suggest|good|bad|sensible|reasonable|right|best|ok|okay",
            r"approve|plan|idea|choice|setup|settings|accept|defaults|change|start",
        ),
    )
)
#: Wishes that are no change of a plan as they stand: topic -> the whole message, without its politeness.
_WISHES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (topic, re.compile(rf"(?:(?:can|could|would) (?:you|we|i) |i(?: want|'d like) (?:you )?to )?(?:{words})", re.I))
    for topic, words in (
        (
            "longer",
            r"(?:train|run|teach)(?: (?:it|this))?(?: for)?(?: a (?:bit|little))? (?:even |much |some )?(?:longer|more)"
            r"|keep (?:it )?training(?: (?:it|longer))?|(?:more|longer) training",
        ),
        (
            "smarter",
            r"make (?:it|this|the model)(?: (?:even|much|a (?:bit|little)))? (?:smarter|better|good|more \w+)"
            r"|improve (?:it|this|the (?:model|result))",
        ),
        (
            "deletion",
            r"(?:delete|remove|erase|get rid of) (?:the |this |that |my |our )?(?:trained |finished )?"
            r"(?:model|adapter|repo(?:sitory)?|result|weights|output)(?: again)?",
        ),
        (
            "undoing",
            r"(?:undo|revert)(?: (?:it|that|this|(?:the|my) (?:last |latest )?change))?|take (?:it|that) back"
            r"|go back to (?:the )?(?:old|previous|last|first) (?:plan|one|version)|change it back",
        ),
    )
)
WISHES = frozenset(topic for topic, _ in _WISHES)
WONDERS = (*dict.fromkeys(topic for topic, _ in _WONDERS), *WISHES)

#: How a question begins that has no question mark.
_ASKS = re.compile(
    r"(?:why|how|what|who|where|when|which|is|are|does|do|did|will|would|can|could|should|may|must|has|have)\b",
    re.IGNORECASE,
)
#: What a longer question must name that nobody addressed to the bot: the run, something of it, or the bot.
_OURS = re.compile(
    r"\b(?:it|its|this|(?:the|this|that|my|our|your) (?:\w+ )?(?:run|job|plan|training|model|adapter|loss|price|cost"
    r"|data|dataset|estimate|ceiling|warnings?|curve|rows|result|messages)|do you|are you)\b",
    re.IGNORECASE,
)
#: What people say to each other.
_TALK = re.compile(
    r"\b(?:you guys|anyone|anybody|everyone|everybody|somebody|someone|team|folks|last (?:week|month|time|run)"
    r"|next (?:week|month|time)|yesterday|tomorrow|later|think|thought|guess|remember|lunch|meeting|he|she|they"
    r"|should we|or (?:do|should|shall|can) (?:i|you))\b|@person",
    re.IGNORECASE,
)
#: The run itself, or something of it, by name.
_NAMED = re.compile(
    r"\b(?:the|this|that|my|our) (?:\w+ )?(?:run|job|plan|training|model|adapter|loss|curve|price|cost|dataset|estimate"
    r"|ceiling|checkpoint|gpu|learning rate|epochs?|batch)\b",
    re.IGNORECASE,
)
#: Words of a question, and of one that is so short that in a run's thread it can only be about the run.
_MOST_WORDS, _BRIEF = 14, 8


def wonder(words: str, *, marked: bool, aloud: bool) -> str | None:
    """Name what a short question is about; None: nothing of it, or nobody asks the bot.

    `words`: without their politeness and marks; `marked`: a question mark stood behind them; `aloud`: the bot was
    addressed. A wish counts like a question.
    """
    if wished := next((topic for topic, whole in _WISHES if whole.fullmatch(words)), None):
        return wished
    if len(words.split()) > _MOST_WORDS or re.search(r"[.!;]\s", words) or not (marked or _ASKS.match(words)):
        return None
    if not aloud and (_TALK.search(words) or not (_OURS.search(words) or (marked and len(words.split()) <= _BRIEF))):
        return None
    return next((topic for topic, groups in _WONDERS if all(group.search(words) for group in groups)), None)


def is_asked_of_us(text: str) -> bool:
    """Tell a short question that names the run, or something of it, from what people say to each other."""
    marked = text.rstrip().endswith("?") and len(text.split()) <= _MOST_WORDS
    return marked and not _TALK.search(text) and _NAMED.search(text) is not None
