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
    "epochs": "epocs epoches ephocs ephochs eopchs epohcs epchs epcohs",
    "epoch": "epoc",
    "learning": "leanring lerning laerning larning learnign",
    "train": "trian tarin",
    "lora": "lroa loar",
    "rank": "rnak rakn",
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
    r"(?i)(?<![\w/.-])(bsz?|ga|lr|r|seq(?:len)?|ctx|ep|seed|epochs?|steps|rank|alpha)(?=\d[\d.e-]*k?(?![\w]))"
)
#: "the lr is too high, divide it by 10": what is changed was named just before.
_IT = re.compile(
    r"(?i)\b(?P<field>learning[\s-]rate|lr|batch(?:[\s-]size)?|epochs?|steps|rank|budget|max[\s_]length|context)\b"
    r"(?P<between>[^\n\ue000-\uf8ff]{0,60}?(?:[,.;:!-]|\band\b|\bso\b|\bthen\b)\s?(?:\w+\s){0,2}?(?:halve|double|triple"
    r"|quadruple|divide|multiply|raise|lower|increase|decrease|reduce|bump|cut|drop|bring|set|change"
    r"|(?:make|use)(?=\s\w+\s\d)))\s(?:it|that)\b"
)
#: "five e minus five"
_SPOKEN_POWER = re.compile(
    r"(?i)\b(one|two|three|four|five|six|seven|eight|nine|\d(?:\.\d)?) (?:e|times ten to the"
    r"|x ten to the) ?(?:minus|negative|-) ?"
    r"(one|two|three|four|five|six|seven|eight|nine|\d)\b"
)
#: "1 000 exemples": a blank between thousands, before a word of a language that writes so.
_THOUSANDS = re.compile(
    r"(?i)(?<!\d )(?<![\w.,])(\d{1,3}) (\d{3})(?= (?:exemples|lignes|étapes|pas|beispiele|zeilen|schritte"
    r"|ejemplos|filas|pasos"
    r"|exemplos|linhas|passos|esempi|righe|строк|примеров)(?!\w))"
)
_NAMED = r"(?:learning rate|lr|batch size|batch|epochs?|steps|(?:lora )?rank|(?:lora )?alpha|budget|max length|seed)"
#: "double both rank and alpha"
_BOTH = re.compile(
    rf"(?i)\b(halve|double|triple|quadruple|verdopple|halbiere) (?:both )?(?:the |die )?({_NAMED}) (?:and|und"
    rf"|&) (?:the |die )?({_NAMED})\b"
)
#: "1/2 epoch"
_FRACTION = re.compile(r"(?<![\w./])([1-9])/([1-9])(?= (?:of an? |an? )?(?:epoch|epoche|époque|época)s?\b)")
_FOLD = re.compile(r"(?i)\b(two|three|four|five|ten|hundred)-?fold\b")
_MAGNITUDE = re.compile(r"(?i)\b(?:an|one) order of magnitude ")
_AND_A_HALF = re.compile(r"(?i)\b(one|two|three|four|\d{1,2})(?:[ -]and[ -]a[ -]half| ½|½)(?= (?:epoch|hour))")
_WORD = re.compile(r"(?<![\w/.@#-])(?:w/o?(?= )|[A-Za-z][A-Za-z-]{3,14}+|(?<= )ur?(?= )|wth|teh)(?![\w/=.-]\w)")


def mend(text: str) -> str:
    """Put steering words right; anything else stays as it was typed."""
    text = _AND_A_HALF.sub(lambda match: f"{values.number(match[1]) or 0:g}.5", text)
    text = _BOTH.sub(r"\1 \2, \1 \3", text)
    text = _FRACTION.sub(lambda match: f"{int(match[1]) / int(match[2]):.4g}", text)
    text = _FOLD.sub(lambda match: f"{values.number(match[1]) or 100:g}x", text)
    text = _THOUSANDS.sub(r"\1\2", text)
    text = _SPOKEN_POWER.sub(lambda match: f"{values.number(match[1]) or 0:g}e-{values.number(match[2]) or 0:g}", text)
    text = _MAGNITUDE.sub("10x ", text)
    text = _GLUED.sub(r"\1 ", text)
    return _IT.sub(r"\g<field>\g<between> the \g<field>", _WORD.sub(_mended, text))


def _mended(match: re.Match[str]) -> str:
    word = match[0].lower()
    if word in _FIXED:
        return _FIXED[word]
    if word[-1] == word[-2] and (word[:-1] in _WORDS or word[:-1] in {"size", "rate"}):
        return word[:-1]
    if len(word) < 5 or word in _NEVER or word in _WORDS or is_common(word) or match[0][1:] != word[1:]:
        return match[0]
    if any(word.startswith(meant) or meant.startswith(word) for meant in _WORDS):
        return match[0]  # an inflection
    near = [meant for meant in _WORDS if meant[0] == word[0] and len(meant) >= 5 and is_slip(word, meant)]
    return near[0] if len(near) == 1 else match[0]
