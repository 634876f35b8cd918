"""Commands that look at several runs: "compare A B", "runs failed mine". Pure text in, a value or None out."""

import re

from bot.models import Value
from bot.states import FINAL, RunStatus

_S = RunStatus
_ID = re.compile(r"[0-9a-z]{8}|[0-9a-z]{26}")
_COMPARE = re.compile(r"(?:/finetune\s+)?(?:compare|diff)\s+(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
_RUNS = re.compile(r"(?:/finetune\s+)?(?:list\s+)?runs\b(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
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
    """Put runs side by side, by their ids."""

    runs: tuple[str, ...]


class Listing(Value):
    """List runs, newest first."""

    statuses: frozenset[RunStatus] = WORTH_LISTING
    #: Only those of whoever asks.
    mine: bool = False
    #: Words that are no filter.
    unknown: tuple[str, ...] = ()


def read_looking(words: str) -> Compare | Listing | None:
    """Read "compare 7qk2m9xa b9qwen4u" or "runs failed mine"; None: it is neither."""
    if match := _COMPARE.fullmatch(words.strip()):
        named = [word.strip("`*_").lower() for word in _BETWEEN.split(match["rest"].strip())]
        ids = [word for word in named if word and word not in _SMALL]
        return Compare(runs=tuple(dict.fromkeys(ids))) if ids and all(map(_ID.fullmatch, ids)) else None
    if match := _RUNS.fullmatch(words.strip()):
        return _listing([word.strip("`*_?!.").lower() for word in _BETWEEN.split(match["rest"]) if word])
    return None


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
