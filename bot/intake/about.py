"""What a question about a run, or about a word, asks for: "which gpu?", "who can approve this", "what is lora".

Reads whole messages only: a sentence that says anything else beside its question is nobody's question to the bot. Does
not know the answers.
"""

import re

from bot.intake import hardware
from bot.intake.glossary import term_of
from bot.intake.grammar import KEYS, fold
from bot.intake.wonders import WONDERS, wonder
from bot.models import Value


class About(Value):
    """The one thing that is asked."""

    #: A field of TrainingRequest, or one of TOPICS, or with `meaning` the name of a term of the glossary.
    topic: str
    #: What the word means, not what the run has.
    meaning: bool = False
    #: Why it is so.
    why: bool = False


#: What can be asked of a run beside its fields.
TOPICS = ("time", "cost", "approval", "approver", "requester", "stopping", "expiry", "next", "result", *WONDERS)


def _i(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


_IT = (
    r"(?:it|this|that|these|you|we|they|(?:the|this|that|our|my) (?:run|job|plan|training|request|fine-?tun(?:e|ing)"
    r"|one"
    r"|model|thing))"
)
_AUX = r"(?:is|are|was|were|does|do|did|will|would|should|has|have|can|'ll)"
_VERB = (
    r"(?:be |been |being |going to |gonna )*(?:used?|uses|using|have|takes?|run(?:ning|s)?|train(?:ing|ed|s)?|get"
    r"|need(?:ed|s)?"
    r"|plan(?:ned|ning)?|pick(?:ed)?|choose|chose|chosen|set|writ(?:e|ten)|push(?:ed)?|saved?|save|start(?:ing"
    r"|ed)? from|do|doing"
    r"|learn(?:ing)?|rent(?:ed)?|be)"
)
_END = r"(?: (?:on|with|from|to|for|here|now|there|then|exactly|again|by default))*"
_WORD = r"(?P<f>[\w-]+(?: [\w-]+){0,3}?)"
_DETERMINED = r"(?:(?:the|its|your|our|my|this|that|current|number of|kind of|type of|sort of|amount of)\s)"

_POLITE = _i(
    r"^(?:(?:please|pls|hey|hi|hello|ok|okay|so|and|but|also|btw|by the way|um+|hm+|sorry|wait|quick question"
    r"|one question"
    r"|question|just (?:curious|wondering|to be sure|checking)|can you (?:tell|remind) (?:me|us)|could you (?:tell"
    r"|remind)"
    r" (?:me|us)|tell me|tell us|remind me|i wonder|do you know|does anyone know|bot|tunesmith)\b[\s,:;.!-]*)+"
)
_POLITE_END = _i(
    r"(?:[\s,]+(?:please|pls|thanks|thank you|thx|btw|by the way|again|though|actually|exactly|right now|bot"
    r"|tunesmith))+$"
)

#: What a word means.
_MEANINGS = tuple(
    _i(rf"^{pattern}$")
    for pattern in (
        r"what(?:'s| is| are|s) (?:an? |meant by |the meaning of )?(?P<t>[\w /-]{2,40}?)(?: (?:even|anyway|exactly))?",
        r"what (?:does|do) (?:an? |the )?(?P<t>[\w /-]{2,40}?) (?:mean|stand for|do)",
        r"(?:(?:can|could|would) you )?(?:please )?(?:explain|define|describe)(?: to me| to us)? (?:what )?(?:an? "
        r"|the )?"
        r"(?P<t>[\w /-]{2,40}?)(?: (?:is|are|means?|does))?",
        r"i (?:don'?t|do not) (?:know|understand|get) what (?:an? |the )?(?P<t>[\w /-]{2,40}?) (?:is|are|means?|does)",
        r"what (?:an? )?(?P<t>[\w /-]{2,40}?) (?:is|are|means?)",
    )
)
_VALUES = tuple(
    _i(rf"^{pattern}$")
    for pattern in (
        rf"(?:what|which)(?:'s| is| are| was| were|s)? {_DETERMINED}*{_WORD}(?: (?:of|for|in) {_IT})?"
        rf"(?: {_AUX}(?: {_IT})?(?: {_VERB})?)?{_END}",
        rf"how (?:many|much) {_WORD}(?: {_AUX}(?: {_IT})?(?: {_VERB})?| there| in (?:it|total))?{_END}",
        rf"how (?:many|much) {_WORD} (?:are|is) (?:there|in {_IT})",
        rf"how (?:high|low|large|big|long|many) (?:is|are|was) {_DETERMINED}?{_WORD}",
        rf"(?:on |with |from )(?:what|which) {_WORD} {_AUX} {_IT}(?: {_VERB})?",
        rf"(?:does|do|did|will|would|is|are) {_IT} (?:really )?(?:be |use |using |be using |have |with |going to use )?"
        rf"(?:an? |the )?{_WORD}(?: enabled| on| off)?",
        rf"is {_DETERMINED}?{_WORD} (?:on|off|enabled|disabled|used|active|switched on)",
        rf"{_DETERMINED}?{_WORD}\s?\?",
    )
)
_WHY = _i(
    rf"^why (?:(?:\d[\d.]*|is|are|was|does|do|did|not|use|uses|using|choose|chose|pick|picked|take|took|the|this|that"
    rf"|an?|on|such an?|so"
    rf"|only|just|with|{_IT})\s)*{_WORD}$"
)
#: "what learning rate should I use": what the plan has, and why.
_ADVICE = _i(
    rf"^(?:what|which|how (?:many|much|high|large|big)) {_DETERMINED}*{_WORD} (?:should|would|shall|do|must) i"
    rf" (?:use|take|set|choose|pick|train(?: for)?|need|have|want){_END}$"
)
_DECIDE = r"(?:approve|sign(?: it)? off|accept|decide|green-?light|ok)"
_FACTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (topic, _i(rf"^(?:{pattern})$"))
    for topic, pattern in (
        (
            "time",
            rf"when (?:is|will|does) (?:{_IT}|training|the training) (?:be |get )?(?:all )?(?:done|finished|ready|over"
            rf"|complete|finish|end)"
            rf"|how long(?: (?:will|does|is|would|should|did|has|do|can|might) (?:{_IT}|training)(?: (?!valid|expire"
            rf"|stay)\w+)"
            rf"{{0,4}})?|how much time (?:\w+ ){{0,5}}\w+|(?:what(?:'s| is) (?:the |its )?)?(?:estimated |expected "
            rf"|total )?"
            r"(?:duration|run ?time|training time|time estimate)",
        ),
        (
            "approval",
            rf"who (?:can|may|must|should|has to|have to|needs? to|could|is allowed to|gets to|is able to"
            rf"|will)(?: \w+)?"
            rf" {_DECIDE}(?: (?:on )?(?:{_IT}))?|who approves(?: {_IT})?|who (?:is|are) (?:the |an? |our )?approvers?"
            rf"|(?:can|may|could|am) i (?:also |even |allowed to |really )*{_DECIDE}(?: {_IT})?(?: (?:myself|too))?"
            rf"|(?:does|do|will|would) (?:{_IT}|i) need (?:an? |any |somebody'?s |someone'?s )?approval"
            r"|whose approval (?:\w+ ){0,4}\w+|who do i (?:ask|need) (?:for|to) \w+(?: \w+)?"
            r"|who has the (?:final )?say",
        ),
        ("approver", rf"who (?:has |just )?(?:approved|accepted|signed off|decided)(?: (?:on )?{_IT})?"),
        (
            "requester",
            rf"who (?:has |just )?(?:asked|requested|ordered|wanted|wants|proposed|started|launched|made"
            rf"|created)(?: for)?"
            rf"(?: {_IT})?|whose (?:run|job|request|training|plan) is (?:this|that|it)",
        ),
        (
            "stopping",
            rf"who (?:can|may|is allowed to|could) (?:stop|cancel|kill|abort|reject)(?: {_IT})?|how (?:do|can"
            rf"|would) (?:i|we|you)"
            rf" (?:stop|cancel|kill|abort)(?: {_IT})?|(?:can|could) (?:i|we) (?:still )?(?:stop|cancel"
            rf"|abort)(?: {_IT})?",
        ),
        (
            "expiry",
            rf"(?:when|how soon|until when) (?:does|will|is|do) {_IT} (?:expire|expiring|lapse|valid|time out)"
            rf"|(?:does|will|did) {_IT} expire|how long (?:is|does|will|do) {_IT} (?:be )?(?:valid|stay|last|open"
            rf"|wait)(?: \w+)?",
        ),
        (
            "next",
            rf"what (?:happens|will happen|comes) (?:(?:if|when|after|once) (?:i|we|you|somebody|someone"
            rf"|\w+) (?:\w+ )?{_DECIDE}"
            rf"(?: {_IT})?|next|then)|what (?:do|should|must) i do (?:now|next)",
        ),
        (
            "result",
            r"where (?:will|does|do|is|are|can i find|would|did) (?:the |my |our )?(?:trained |final |finished "
            r"|new )?(?:model"
            r"|results?|weights|output|adapter|it|this|that)(?: (?:be|go|end up|pushed|saved?|stored|uploaded"
            r"|published|land|push"
            r"|upload|to|up))*",
        ),
        ("cost", r"(?:what(?:'s| is) (?:the |its )?)?(?:price|cost|costs|ceiling|max(?:imum)? (?:cost|price))"),
    )
)
#: More words for fields, as people ask for them.
_ALSO = {
    "public": "private",
    "visibility": "private",
    "visible": "private",
    "card": "hardware",
    "graphics card": "hardware",
    "vram": "hardware",
    "machine type": "hardware",
    "rows of data": "max_samples",
    "row": "max_samples",
    "training rows": "max_samples",
    "tokens": "max_length",
    "full fine-tuning": "lora",
    "full fine-tune": "lora",
    "method": "method",
    "lora": "lora",
    "model size": "model",
    "parameters": "model",
    "columns": "dataset",
}
#: Keys of the grammar that are other words, too, where nobody wrote "=" behind them.
_NO_QUESTION = frozenset(
    {"r", "limit", "path", "name", "type", "stage", "base", "context", "spend", "source", "hours", "dest"}
)
_LONGEST = 120


def asked_about(text: str, *, aloud: bool = False) -> About | None:
    """Read a message that is nothing but one question about a run or a word; None: it is something else.

    `text` is what `read_slack` makes of a message; `aloud`: it is said to the bot, which then need not be guessed.
    """
    if len(text) > _LONGEST or "\n" in text:
        return None
    marked = text.rstrip().endswith("?")
    words = _POLITE_END.sub("", _POLITE.sub("", " ".join(text.split())).rstrip(" ?!."))
    words = words.rstrip(" ?!.,")
    for topic, pattern in _FACTS:
        if pattern.match(words) and (marked or " " in words):
            return About(topic=topic)
    for pattern in _MEANINGS:
        if (match := pattern.match(words)) and (term := term_of(match["t"])):
            return About(topic=term.name, meaning=True)
    if (match := _WHY.match(words)) and (field := _field(match["f"])):
        return About(topic=field, why=True)
    asked = f"{words}?" if marked else words
    for pattern in _VALUES:
        if (match := pattern.match(words) or pattern.match(asked)) and (field := _field(match["f"])):
            return About(topic=field)
    if wondered := wonder(words, marked=marked, aloud=aloud):
        return About(topic=wondered)
    if (match := _ADVICE.match(words)) and (field := _field(match["f"])):
        return About(topic=field)
    return None


def _field(words: str) -> str | None:
    words = " ".join(words.lower().split())
    if words in _ALSO:
        return _ALSO[words]
    key = fold(words)
    if key in KEYS and key not in _NO_QUESTION:
        return KEYS[key].field or None
    named = hardware.MENTION.fullmatch(words)
    return "hardware" if named else None
