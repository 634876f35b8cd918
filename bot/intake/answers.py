"""Answers to the bot's question for what is missing: "capybara", "use acme/foo please", "supervised".

A bare value counts only when nothing else is in the message; talk about the question does not.
"""

import re
from collections.abc import Sequence

from bot.intake import asking, hub_names, phrases
from bot.intake.commands import ThreadContext
from bot.intake.sheet import Sheet
from bot.intake.tagging import NAME
from bot.intake.words import is_common, is_namelike, may_be_name, word_set

_ANSWER = re.compile(
    r"(?i)^(?:(?:please|pls|ok(?:ay)?|oh|sorry|ah|yes|sure|hmm|use|using|let'?s (?:use|go with|take|do|try)"
    r"|go with|take|try|it'?s|its|it is|that'?s|i (?:want|meant|mean|'d like)|we (?:want|use)|on|with|the|our"
    r"|my|this one|this|bitte|nimm|das ist|utilise|prends|usa|usemos|use|用|就用)[\s,:.!-]+)*"
)
_ANSWER_END = re.compile(
    r"(?i)(?:[\s,.!-]+(?:please|pls|thanks|thank you|dataset|data set|model|one|then|bitte|merci|gracias|吧"
    r"|でお願いします|です|this time|is fine|would be great|for now|i think|i guess|i'd say))*[\s.!]*$"
)
_UNSURE = re.compile(
    r"(?i)\?|\b(?:not sure|don'?t know|no idea|dunno|let me|hold on|one (?:sec|moment|minute)|wait|which|what"
    r"|maybe|i'?ll|need to|ask|check|later|depends|any|whatever|should)\b"
)
#: Somebody who does not know what to answer.
_DOES_NOT_KNOW = re.compile(
    r"(?i)\b(?:don'?t know|not sure|no idea|no clue|dunno|idk|recommend\w*|suggest\w*|advi[cs]e"
    r"|(?:you|to) (?:choose|pick|decide)|up to you"
    r"|which (?:one|is|model|dataset|data)|what (?:do|would|should) (?:you|i))\b"
)
#: Made of nothing else, an answer names no model and no dataset.
_NO_NAME = word_set(
    """
    the a an some any one ones something anything whatever whichever you your best better good biggest big bigger
    smallest small smaller cheap cheaper cheapest fast faster fastest large larger largest normal default standard
    recommended typical usual popular model dataset data please pls for me is fine ok okay use take
    """
)
#: Words that make a sentence of a few words, and no name.
_SENTENCE = _NO_NAME | word_set(
    """
    i he she it we they my our their his her are was were be been do does did have has had can will would should could
    may might must not no yes yep nope and or but if so to of in on at with from by as this that these those what
    which who when where why how just let get go see look give need want think know nice great thanks thank sounds
    later soon today tomorrow sec second moment minute wait hold lunch brb done ready back hey hi hello everyone all
    there here now then also too again still already question idea point call one meeting asap
    """
)
#: Words that stand alone and are no names.
_TALK = phrases.FILLERS | phrases.APPROVALS | phrases.REJECTIONS | phrases.OPENERS


#: Characters: two whole names of the Hub and some words. What is longer is no answer to a list, and slow to search.
_LONGEST = 300
#: Where an answer stands in the list that was offered.
_PLACES = {
    word: place
    for place, words in enumerate(
        ("first 1st one", "second 2nd two", "third 3rd three", "fourth 4th four", "fifth 5th five"), start=1
    )
    for word in words.split()
}
_PLACE = re.compile(r"(?i)(?:(?:option|number|choice|no\.?|#)\s?)?(?:(\d)[.)]?|(?:the )?([a-z0-9]+)(?: one| option)?)")


def chosen(text: str, choices: Sequence[str]) -> str | None:
    """Find the offered answer that a message names: in full, by its place in the list, by its last or only part.

    None: it names none of them, or more than one.
    """
    if not choices or len(text) > _LONGEST or _UNSURE.search(text):
        return None
    said = text.strip(" `\"'.!").casefold()
    bare = _ANSWER_END.sub("", _ANSWER.sub("", said)).strip(" `\"'.,!:")
    for words in (said, bare):
        for ending in (str.casefold, lambda choice: choice.rsplit("/", 1)[-1].casefold()):
            same = [choice for choice in choices if ending(choice) == words]
            if len(same) == 1:
                return same[0]
    place = _PLACE.fullmatch(said) or _PLACE.fullmatch(bare)
    if place:
        at = int(place[1]) if place[1] else len(choices) if place[2] == "last" else _PLACES.get(place[2], 0)
        return choices[at - 1] if 0 < at <= len(choices) else _part(bare, choices)
    return _part(bare, choices)


def _part(words: str, choices: Sequence[str]) -> str | None:
    """Find the only choice that holds these words."""
    sought = re.sub(r"[\W_]", "", words)
    if len(sought) < 3 or is_common(words) or phrases.consume(words, _TALK) is not None:
        return None
    held = [choice for choice in choices if sought in re.sub(r"[\W_]", "", choice.casefold())]
    return held[0] if len(held) == 1 else None


#: The question once more: "the model? gemma"
_ECHO = re.compile(r"(?i)^\W*(?:the |which |what )?(?:model|data ?set|data|method)\s?\?\s+(?=\S)")


def fills(sheet: Sheet, text: str, thread: ThreadContext) -> bool:
    """Tell whether what was understood answers the question; a name that sounds like the other thing is put right."""
    asked, text = thread.asked, _ECHO.sub("", text)
    if asked not in {"dataset", "model", "method"} or _UNSURE.search(text):
        return False
    other = {"dataset": "model", "model": "dataset"}.get(asked)
    if other and not sheet.has(asked) and sheet.has(other) and getattr(thread.plan, other):
        words = _ANSWER_END.sub("", _ANSWER.sub("", text)).strip()
        if re.fullmatch(rf"[\"']?{NAME}[\"']?(?:[,.].*)?", words, re.S):
            sheet.said = [said._replace(field=asked) if said.field == other else said for said in sheet.said]
    if sheet.has(asked):
        return not asking.is_talk(_ANSWER_END.sub("", text))
    return bool(sheet.refusals) and len(text) < 200 and not re.search(r"\s\w+\s\w+\s\w+", text)


#: Somebody who will answer later.
_LATER = re.compile(
    r"(?i)\b(?:let me|hold on|one (?:sec\w*|moment|minute)|just a (?:sec\w*|moment|minute)|wait|i'?ll|i will|brb"
    r"|checking|later|tomorrow)\b"
)


def is_put_off(text: str) -> bool:
    """Tell whether whoever was asked will answer later: "hmm, let me check which one"."""
    return _LATER.search(text) is not None and "?" not in text


def wants_advice(text: str) -> bool:
    """Tell whether whoever was asked does not know: "i dont know, which one is good?", "a small one"."""
    words = re.findall(r"[\w'-]+", text.lower())
    return _DOES_NOT_KNOW.search(text) is not None or (bool(words) and all(word in _NO_NAME for word in words))


def loose_name(text: str, asked: str | None) -> str | None:
    """Read "tiny chat", said to the bot's question by whoever it asked, as a name to look for; None: a sentence."""
    words = _ANSWER_END.sub("", _ANSWER.sub("", text)).strip().strip("\"'").split()
    if asked not in {"dataset", "model"} or not 2 <= len(words) <= 4 or _UNSURE.search(text):
        return None
    if any(word.lower() in _SENTENCE or not re.fullmatch(r"[A-Za-z0-9][\w.-]*", word) for word in words):
        return None
    return None if phrases.consume(text, _TALK) is not None else "-".join(words)


def bare_value(text: str, asked: str | None) -> str | None:
    """Read a message that is nothing but a value; None: it is something else."""
    text = _ECHO.sub("", text)
    if wants_advice(text):
        return None
    if asked == "method":
        bare = _ANSWER_END.sub("", _ANSWER.sub("", text))
        plain = re.fullmatch(r"(?i)\W*(?:supervised|preference (?:tuning|optimi[sz]ation))\W*", bare)
        return None if plain is None else "sft" if "super" in plain[0].lower() else "dpo"
    words = _ANSWER_END.sub("", _ANSWER.sub("", text)).strip().strip("\"'")
    parts = words.split()
    if asked not in {"dataset", "model"} or not 1 <= len(parts) <= 4 or _UNSURE.search(text):
        return None
    if not hub_names.is_valid_words(words):
        return None
    if len(parts) == 1:
        return words if may_be_name(words) and phrases.consume(words, _TALK) is None else None
    opened = _ANSWER.match(text)
    cued = bool(opened and opened[0]) or re.search(r"(?i)\b(?:dataset|model)\b", text) is not None
    known = any(is_namelike(part) or re.fullmatch(r"[\d.]+[bmk]?", part.lower()) for part in parts)
    return words if (cued or known) and not any(is_common(part) for part in parts) else None
