"""Commands about several runs, and about what one wants to hear: "compare A B", "runs failed mine", "spend", "quiet".

Pure text in, a value or None out.
"""

import re

from bot.models import Value, Verbosity
from bot.states import FINAL, RunStatus

_S = RunStatus
_ID = re.compile(r"[0-9a-z]{8}|[0-9a-z]{26}")
_COMPARE = re.compile(r"(?:/finetune\s+)?(?:compare|diff)(?:\s+(?P<rest>.+))?", re.IGNORECASE | re.DOTALL)
_RUNS = re.compile(r"(?:/finetune\s+)?(?:list\s+)?runs\b(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_SPEND = re.compile(
    r"(?:/finetune\s+)?(?:(?:show|what is|what's|how is)\s+)?(?:the |my |our )?"
    r"(?:spend(?:ing)?|spent|(?:monthly |month's )?budget|money (?:spent|left))(?: (?:so far|left))?"
    r"(?: (?:in )?this month)?\W*",
    re.IGNORECASE,
)
_SETTINGS = re.compile(
    r"(?:/finetune\s+)?(?:open |show |change )?(?:the |my )?(?:message |notification )?"
    r"(?:settings?|preferences|notifications)\W*",
    re.IGNORECASE,
)
#: How much a thread says -> how people order it.
_VERBOSITY = {
    Verbosity.QUIET: re.compile(
        r"(?:(?:be|stay|keep|go) )?(?:quiet|silent|mute)(?: (?:here|now|mode))?|hush|shush|fewer (?:messages|updates)"
        r"|less noise",
        re.IGNORECASE,
    ),
    Verbosity.MILESTONES: re.compile(
        r"(?:only |just )?(?:the )?milestones(?: only)?|(?:normal|usual|default) (?:messages|updates)|unmute",
        re.IGNORECASE,
    ),
    Verbosity.ALL: re.compile(
        r"(?:all|every|more)(?: of)?(?: the)? (?:messages?|updates?)|tell (?:me|us) everything|everything|verbose",
        re.IGNORECASE,
    ),
}
#: Around such an order.
_POLITE = re.compile(r"(?:/finetune\s+|please |pls )|(?:,? (?:please|pls|thanks|thank you))?\W*$", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,;&]+")
_SMALL = frozenset({"and", "with", "vs", "vs.", "versus", "to", "run", "runs", "my", "the", "all", "of", "in", "here"})

#: Words of a filter -> what they let through.
STATUSES: dict[str, frozenset[RunStatus]] = {
    "waiting": frozenset({_S.PROPOSED, _S.DRAFTING}),
    "running": frozenset({_S.APPROVED, _S.SUBMITTING, _S.QUEUED, _S.RUNNING}),
    "queued": frozenset({_S.QUEUED}),
    "finished": FINAL - {_S.REFUSED},
    "succeeded": frozenset({_S.SUCCEEDED}),
    "failed": frozenset({_S.FAILED}),
    "canceled": frozenset({_S.CANCELED}),
    "refused": frozenset({_S.REFUSED}),
}
_SAME = {
    "proposed": "waiting", "pending": "waiting", "open": "waiting", "active": "running", "live": "running",
    "done": "finished", "over": "finished", "ended": "finished", "successful": "succeeded", "cancelled": "canceled",
    "stopped": "canceled", "rejected": "refused", "failing": "failed", "broken": "failed",
}  # fmt: skip
#: Whatever is listed without a word of its own: a request that could not be planned is no run that people look for.
WORTH_LISTING = frozenset(RunStatus) - {_S.REFUSED}


class Compare(Value):
    """Put runs side by side, by their ids; none: nobody has said which."""

    runs: tuple[str, ...]


class Listing(Value):
    """List runs, newest first."""

    statuses: frozenset[RunStatus] = WORTH_LISTING
    #: Only those of whoever asks.
    mine: bool = False
    #: Words that are no filter.
    unknown: tuple[str, ...] = ()


class Spend(Value):
    """What this month cost, and what is left of its budget."""


class Settings(Value):
    """Set what one wants to hear of one's runs."""


class SayHowMuch(Value):
    """Let the thread of a run say more or less."""

    verbosity: Verbosity


Looking = Compare | Listing | Spend | Settings | SayHowMuch


def read_looking(words: str) -> Looking | None:
    """Read "compare 7qk2m9xa b9qwen4u", "runs failed mine", "spend", "settings" or "quiet"; None: it is none of these.

    Only words that are nothing else: they must have been said to the bot.
    """
    if match := _COMPARE.fullmatch(words.strip()):
        named = [word.strip("`*_").lower() for word in _BETWEEN.split((match["rest"] or "").strip())]
        ids = [word for word in named if word and word not in _SMALL]
        told = all(map(_ID.fullmatch, ids)) if ids else match["rest"] is None
        return Compare(runs=tuple(dict.fromkeys(ids))) if told else None
    if match := _RUNS.fullmatch(words.strip()):
        return _listing([word.strip("`*_?!.").lower() for word in _BETWEEN.split(match["rest"]) if word])
    if _SPEND.fullmatch(words.strip()):
        return Spend()
    if _SETTINGS.fullmatch(words.strip()):
        return Settings()
    bare = _POLITE.sub("", words.strip())
    wanted = (verbosity for verbosity, order in _VERBOSITY.items() if order.fullmatch(bare))
    return next((SayHowMuch(verbosity=verbosity) for verbosity in wanted), None)


def _listing(words: list[str]) -> Listing:
    statuses: set[RunStatus] = set()
    mine, unknown = False, []
    for word in words:
        known = _SAME.get(word, word)
        if known in STATUSES:
            statuses |= STATUSES[known]
        elif word in ("mine", "my", "me"):
            mine = True
        elif word not in _SMALL:
            unknown.append(word)
    return Listing(statuses=frozenset(statuses) or WORTH_LISTING, mine=mine, unknown=tuple(unknown))
