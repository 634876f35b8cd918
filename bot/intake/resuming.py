"""Going on from a checkpoint, in words: "resume", "continue from step 400". Pure text in, a value or None out."""

import re

from bot.models import Value

#: Before it: politeness.
_OPEN = (
    r"(?:(?:please|pls|plz|ok(?:ay)?|yes|hey|now|then|just|let'?s|go ahead and|can (?:you|we)|could (?:you|we)"
    r"|would you|i want to|i'd like to|we should|bitte|por favor|s'il te plaît)[\s,:!]+){0,4}"
)
#: Words that mean nothing else in the thread of a run that is over.
_ALONE = (
    r"resume|pick (?:it |this |that )?up|carry on|go on|keep going|continue|fortsetzen|setz\w* (?:es |ihn )?fort"
    r"|weitermachen|mach weiter|reprends?|reprendre|continuer?|reanuda\w*|contin[uú]a\w*|retoma\w*|continuar"
    r"|继续(?:训练)?|恢复(?:训练)?|接着(?:训练|跑)|再開(?:して)?|続けて|続きから"
)
_WHAT = r"(?:it|this|that|(?:the |this |that |my |our )?(?:run|job|training|fine-?tune|fine-?tuning|it))"
_FROM = (
    r"(?:(?:from|at|with|ab|desde) )?"
    r"(?:(?:the |its |that |this |last |latest |newest |saved )*checkpoint(?: of| at| from)?"
    r"|there|here|where (?:it|we|you|the run|the job|training) (?:left off|stopped|was|ended|got to))"
)
_STEP = r"(?:(?:from |at |of )?(?:the )?(?:step|checkpoint)[\s:#-]*(?P<step>\d[\d,_.]*)(?: checkpoint)?)"
_CLOSE = r"(?:[\s,]+(?:please|pls|thanks|thx|thank you|now|again|then|if you can|bitte|danke|merci|gracias))*"
_ORDER = re.compile(rf"(?i){_OPEN}(?:{_ALONE})(?:\s+{_WHAT})?(?:\s+{_FROM})?(?:\s*{_STEP})?{_CLOSE}\s*[.!?]*")
_HEAD = re.compile(rf"(?i){_OPEN}resume\b(?:\s+{_WHAT})?(?P<rest>.*)", re.DOTALL)
_ASKED = re.compile(r"(?i)\b(?:can|could|would) (?:you|we)\b")
_NOT = re.compile(r"(?i)\b(?:don'?t|do not|never|if|unless|when|should|why|how)\b")
#: Characters; a longer message is talk.
_LONGEST = 200


class Resuming(Value):
    """Go on from the checkpoint that a run left."""

    #: The step that was named; None: whichever it is.
    step: int | None = None
    #: Nothing else was said: what was said beside it may be a change.
    alone: bool = True


def asks_to_resume(text: str) -> Resuming | None:
    """Read what somebody says in the thread of a run that is over; None: something else."""
    said = " ".join(text.split())
    if len(said) > _LONGEST or _NOT.search(said) or ("?" in said and not _ASKED.search(said)):
        return None
    if match := _ORDER.fullmatch(said):
        return Resuming(step=_number(match["step"]))
    return Resuming(alone=False) if _HEAD.fullmatch(said) else None


def _number(digits: str | None) -> int | None:
    return int(re.sub(r"\D", "", digits)) if digits else None
