"""Slips of the pen in the words that steer a request: "finetunne", "epocs", "datset".

Mends words of sentences only: names are single characters by now, and consent and cancellation are never guessed.
"""

import re

from bot.intake import values
from bot.intake.keyed import is_slip
from bot.intake.words import is_common, word_set

_WORDS = word_set(
    """
    finetune fine-tune finetuning train training epochs epoch learning dataset model batch budget hardware samples
    examples steps hours minutes dollars private public output rank alpha maximum length gradient accumulation
    scheduler optimizer double halve instead please switch change increase decrease reduce status retry split
    supervised adapter without using config
    """
)
#: What is meant: how it is often typed, where that is more than one letter off or too short to tell.
_SLIPS = {
    "epochs": "epocs ephocs ephochs eopchs epohcs epchs epcohs",
    "epoch": "epoc",
    "learning": "leanring lerning laerning larning learnign",
    "train": "trian tarin",
    "training": "traing trainig",
    "finetune": "finetunne fintune finteune fientune finetuen finutune",
    "fine-tune": "fine-tunne",
    "finetuning": "finetining",
    "dataset": "datset dataste datatset",
    "model": "modle",
    "batch": "bacth btach baatch",
    "halve": "halv",
    "with": "w/ wiht wth",
    "without": "w/o",
    "the": "teh",
    "please": "pleae plase",
    "you": "u",
    "your": "ur",
    "hours": "hrs",
    "minutes": "mintues",
}
_FIXED = {slip: meant for meant, slips in _SLIPS.items() for slip in slips.split()}
#: One letter from a word of the table, and something else.
_NEVER = word_set(
    "modal trains trainer trained brain grain drain strain retrain stain chain patch catch match latch steps "
    "step stops hour models epoch budgets"
    " spilt spit sprint splits batches bash bath lengths doubled doubles halves reduced changes changed "
    "switches modes mode modem samples sample example"
    " retries learned learner rack tank bank ranks ranked alphas privat private publicly outputs inputs input "
    "usings hours ours yours your"
    " training trainings straining epochen modell modelle modelo dataset datasets étapes etapes batchs minute "
    "minuten modèle steppe finetuned finetunes"
    " finetuner fine-tuned fine-tuner statues states stats adapters adapted adapt adopter configs configure "
    "confirm consign modes cheque busing musing houses"
    " simples staples temples sources rehearse increased decreased reduces insted"
)
#: "bs4, lr2e-4"
_GLUED = re.compile(
    r"(?i)(?<![\w/.-])(bsz?|ga|lr|seq(?:len)?|ctx|ep|seed|epochs?|steps|rank|alpha)(?=\d[\d.e-]*k?(?![\w]))"
)
_MAGNITUDE = re.compile(r"(?i)\b(?:an|one) order of magnitude ")
_AND_A_HALF = re.compile(r"(?i)\b(one|two|three|four|\d{1,2})(?: and a half| ½|½)(?= (?:epoch|hour))")
_WORD = re.compile(r"(?<![\w/.@#-])(?:w/o?(?= )|[A-Za-z][A-Za-z-]{3,14}+|(?<= )ur?(?= )|wth|teh)(?![\w/=.-]\w)")


def mend(text: str) -> str:
    """Put steering words right; anything else stays as it was typed."""
    text = _AND_A_HALF.sub(lambda match: f"{values.number(match[1]) or 0:g}.5", text)
    text = _MAGNITUDE.sub("10x ", text)
    text = _GLUED.sub(r"\1 ", text)
    return _WORD.sub(_mended, text)


def _mended(match: re.Match[str]) -> str:
    word = match[0].lower()
    if word in _FIXED:
        return _FIXED[word]
    if len(word) < 5 or word in _NEVER or word in _WORDS or is_common(word) or match[0][1:] != word[1:]:
        return match[0]
    if any(word.startswith(meant) or meant.startswith(word) for meant in _WORDS):
        return match[0]  # an inflection
    near = [meant for meant in _WORDS if meant[0] == word[0] and len(meant) >= 5 and is_slip(word, meant)]
    return near[0] if len(near) == 1 else match[0]
