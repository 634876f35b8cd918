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
            r"(?:my|our|own|private)(?: \w+){0,2} (?:data(?:sets?)?|csv|jsonl?|files?|excel|documents?|rows|examples)"
            r"|private datasets?",
            r"(?:can|could|may|do|should|would) (?:i|we)|how to|where to",
        ),
        (
            "privacy",
            r"safe|secur\w+|private|privacy|confidential|gdpr|leak\w*|sees?|reads?|stored?|keeps?|kept|shared?|access"
            r"|sell|do you use|trained on|used for|goes?|go",
            r"data\w*|rows|messages|chats?|examples|privacy|gdpr|files?|model|adapter",
        ),
        ("rows", r"enough|how (?:much|many)|why only|why not|too (?:few|many|little)", r"rows|data|examples|epochs?"),
        ("held_back", r"what|which|how|why|when", r"held|hold|evaluat\w+|measured?|tested|judged|validat\w+"),
        (
            "failure",
            r"what if|what happens|what will happen|what (?:can|could|might)|pay|charged|risks?|risky",
            r"fails?|failed|crash\w*|breaks?|wrong|risks?|risky|dies|errors?|stops?",
        ),
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
WONDERS = tuple(topic for topic, _ in _WONDERS)

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
#: Words of a question, and of one that is so short that in a run's thread it can only be about the run.
_MOST_WORDS, _BRIEF = 14, 8


def wonder(words: str, *, marked: bool, aloud: bool) -> str | None:
    """Name what a short question is about; None: nothing of it, or nobody asks the bot.

    `words`: without their politeness and marks; `marked`: a question mark stood behind them; `aloud`: the bot was
    addressed.
    """
    if len(words.split()) > _MOST_WORDS or re.search(r"[.!;]\s", words) or not (marked or _ASKS.match(words)):
        return None
    if not aloud and (_TALK.search(words) or not (_OURS.search(words) or (marked and len(words.split()) <= _BRIEF))):
        return None
    return next((topic for topic, groups in _WONDERS if all(group.search(words) for group in groups)), None)
