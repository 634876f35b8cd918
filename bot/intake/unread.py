"""What looks like a setting or a wish and is none that was read: the card names it, for it changes nothing.

Flags and assignments, and clauses that are nothing but a wish ("and cheaper"); other sentences are understood or not as
a whole.
"""

import re
from collections.abc import Iterator

from bot.intake import asking, changing, phrases, refusals
from bot.intake.sheet import Sheet
from bot.intake.words import word_set

#: `key=value` that nobody took off the sheet.
_ASSIGNED = re.compile(
    r"(?<![\w/.$%&?=-])[A-Za-z][\w-]{1,30}=(?:\"[^\"\n\x00]{0,100}\"|'[^'\n\x00]{0,100}'|[^\s,;=\x00]{1,100})"
)
#: Code that was pasted is full of names that set nothing here.
_CODE = re.compile(r"\w\(")
#: So many are named.
_MOST = 5

_CLAUSE = re.compile(
    r"(?i)[,;:.!?\n]+(?=\s|$)|\s[-–—]\s|(?<!\w)(?P<link>and|but|then|also|with|using|on|und|aber|mit)(?!\w)"
)
#: Words that wish for something which has to be a value to be done.
_WISH = re.compile(
    r"(?i)\b(?:cheap(?:er|est|ly)?|fast(?:er|est)?|quick(?:er|est|ly)?|small(?:er|est)?|big(?:ger|gest)?|larg(?:er|est)"
    r"|high(?:er|est)|low(?:er|est)|long(?:er|est)?|short(?:er|est)?|fewer|less|more|better|smarter|safer|stronger"
    r"|slower|half|twice|double"
    r"|quiet(?:ly)?|silent(?:ly)?|yourself|automatically|auto-?approve\w*|overnight|weekly|daily)\b"
)
#: Wishes that every new plan grants: of what fits it takes the cheapest.
_GRANTED = re.compile(r"cheap(?:est|ly)?")
#: What stands in such a clause beside the wish.
_BESIDE = word_set(
    """
    a an the it its this that these those to of for be is as by in at so not no too much way even bit lot little very
    really
    make made keep use using take give try have want need do run go get let please pls plz something anything one ones
    learning rate lr epoch epochs step steps batch size sizes rank lora context length rows row data samples examples
    gpu gpus hardware machine model seed warmup time price cost money budget than before last possible all everything
    approve approves approved me us my our your you if can could
    would i we just only also maybe same settings setting rest per each
    lieber bitte plutôt mejor
    """
)
_RETRY = re.compile(r"(?i)\b(?:retry|re-?run|re-?start|again|once more|nochmal)\W*$")
_PREPOSITIONS = frozenset({"with", "using", "on", "mit"})
#: Words of a clause that can be a wish.
_FEW = 6
_SAID = frozenset(
    phrases.RETRIES | phrases.OPENERS | phrases.CLOSERS | phrases.FILLERS | phrases.APPROVALS | phrases.CANCELLATIONS
)


def unread(sheet: Sheet, *, changes: bool = False) -> tuple[str, ...] | None:
    """As typed, each once; None: there are none. For a sheet that every reader has seen.

    `changes`: the message changes or repeats a run, so that an order in it is meant for that run.
    """
    found = list(sheet.unread)
    if not _CODE.search(sheet.tagged.text):
        found += [sheet.tagged.untagged(match[0]).rstrip(".!?") for match in _ASSIGNED.finditer(sheet.text)]
        spans = _clauses(sheet, changes=changes)
        found += [sheet.tagged.untagged(" ".join(sheet.text[at:end].split())).strip(" -–—\"'()") for at, end in spans]
    return tuple(dict.fromkeys(map(refusals.shorten, found)))[:_MOST] or None


def without_wishes(sheet: Sheet) -> str:
    """What nobody understood, without the clauses that only wish for something: "20 epochs, and quiet"."""
    left = sheet.text
    for start, end in _clauses(sheet, changes=False):
        left = left[:start] + " " * (end - start) + left[end:]
    return " ".join(left.replace("\x00", " ").split())


def _clauses(sheet: Sheet, *, changes: bool) -> Iterator[tuple[int, int]]:
    """Where the clauses stand of which nothing was read and that wish for something."""
    start, link, before = 0, "", ""
    for mark in (*_CLAUSE.finditer(sheet.text), None):
        end = mark.start() if mark else len(sheet.text)
        clause = sheet.text[start:end]
        if "\x00" not in clause and len(clause.split()) <= _FEW and not _is_explained(sheet.text, mark):
            named = changes and link in _PREPOSITIONS | {"but"} and _RETRY.search(before) is not None
            if _is_wish(clause, named=named, changes=changes):
                yield start, end
        if mark:
            before = clause if clause.strip() else before
            start, link = mark.end(), (mark["link"] or "").lower()


def _is_explained(text: str, mark: re.Match[str] | None) -> bool:
    """Tell whether the value follows: "train longer: 4 epochs", "a bigger gpu, a100-large", "put that on an l4"."""
    if mark is None:
        return False
    return (
        ":" in mark[0]
        or (mark["link"] or "").lower() in _PREPOSITIONS
        or (not mark["link"] and text[mark.end() :].lstrip(" ").startswith("\x00"))
    )


def _is_wish(clause: str, *, named: bool, changes: bool) -> bool:
    if phrases.consume(clause, _SAID) is not None or _RETRY.search(clause):
        return False
    left = [word for word in re.findall(r"[\w'-]+", clause.lower()) if word not in _BESIDE]
    wishes = [word for word in left if _WISH.fullmatch(word)]
    if _WISH.search(clause) and wishes == left:
        return changes or not all(_GRANTED.fullmatch(word) for word in wishes)
    if not changes or not left or asking.is_talk(clause):
        return False
    return named or changing.orders_change(clause.strip())
