"""Which repository a person means by a few words, among those that the Hub's search returned.

Pure: the search itself is the Hub's seam. Never takes another thing than the one named: in doubt, None, and a select
menu asks.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from bot.intake.words import word_set

#: Who publishes what under its own name, the first before the second: it decides among repositories of the very same
#: name. trl-lib holds well known datasets as TRL's trainers take them.
_HOMES = {
    "qwen": ("qwen",),
    "llama": ("meta-llama",),
    "gemma": ("google",),
    "mistral": ("mistralai",),
    "mixtral": ("mistralai",),
    "ministral": ("mistralai",),
    "phi": ("microsoft",),
    "smollm": ("huggingfacetb",),
    "smoltalk": ("huggingfacetb",),
    "pythia": ("eleutherai",),
    "gptneo": ("eleutherai",),
    "gpt2": ("openai-community",),
    "distilgpt2": ("distilbert",),
    "gptoss": ("openai",),
    "gsm8k": ("openai",),
    "falcon": ("tiiuae",),
    "olmo": ("allenai",),
    "tulu": ("allenai",),
    "granite": ("ibm-granite",),
    "deepseek": ("deepseek-ai",),
    "tinyllama": ("tinyllama",),
    "capybara": ("trl-lib", "ldjnr"),
    "ultrachat": ("huggingfaceh4",),
    "ultrafeedback": ("trl-lib", "huggingfaceh4", "openbmb"),
    "codeforces": ("open-r1",),
    "openr1": ("open-r1",),
    "alpaca": ("tatsu-lab",),
    "dolly": ("databricks",),
    "oasst": ("openassistant",),
    "openhermes": ("teknium",),
    "metamath": ("meta-math",),
    "norobots": ("huggingfaceh4",),
    "imdb": ("stanfordnlp",),
    "squad": ("rajpurkar",),
    "helpsteer": ("nvidia",),
    "nemotron": ("nvidia",),
    "zephyr": ("huggingfaceh4",),
    "bloom": ("bigscience",),
}
#: Less alike than this, two names are no slip of the pen.
_ALIKE = 0.5
#: Searches in place of one that found nothing.
_STEMS = 5
_NOISE = word_set("the a an model dataset of from hub please")


def parts(words: str) -> list[str]:
    """Split a name into comparable parts: letters and numbers apart, case and punctuation gone."""
    words = re.sub(r"(?<=\d)[ ]?(?=[bBmMkK](?:\b|[-_.]))", "", words)
    words = re.sub(r"(?i)^meta[-_ ](?=llama)|[-_ ]hf$", "", words.strip())
    found = re.findall(r"\d+(?:\.\d+)*[bmk]?(?![a-z])|[a-z]+|\d+|[^\W\d_]+", words.lower())
    return [part for part in found if part not in _NOISE]


def _squash(words: str) -> str:
    return "".join(parts(words))


def resolve(words: str, candidates: Sequence[str]) -> str | None:
    """Return the one candidate that the words name; None: none does, or several do equally well.

    `candidates` are repo ids as the search returned them. "llama 3.2 1b" names Llama-3.2-1B and not its Instruct, base,
    quantized or cleaned relatives; among repositories of one name the original goes before copies of it.
    """
    words = words.strip()
    unique = list(dict.fromkeys(candidate for candidate in candidates if candidate))
    if "/" in words:
        same = [candidate for candidate in unique if candidate.lower() == words.lower()]
        return words if words in same else same[0] if len(same) == 1 else None
    wanted = _squash(words)
    named = [candidate for candidate in unique if _squash(candidate.rsplit("/", 1)[-1]) == wanted] if wanted else []
    if len(named) <= 1:
        return named[0] if named else None
    families = [name for name in _HOMES if name in wanted]
    owners = _HOMES[max(families, key=len)] if families else ()
    for owner in owners:
        for candidate in named:
            if candidate.split("/")[0].lower() == owner:
                return candidate
    return None


def stems(words: str) -> list[str]:
    """What to search for instead of a name that nothing has.

    It without its number, its last part or its last third, and its longer words alone.
    """
    shorter = (
        re.sub(r"[\W_]*\d[\w.]*$", "", words),
        re.sub(r"[\s_-][^\s_-]*$", "", words),
        words[: len(words) * 2 // 3],
        *re.findall(r"[^\W\d_]{4,}", words),
    )
    return [stem for stem in dict.fromkeys(shorter) if len(stem) > 2 and stem != words][:_STEMS]


def alike(words: str, candidates: Sequence[str]) -> list[str]:
    """Those that are called much like the words, the likest first."""
    likeness = {
        name: SequenceMatcher(None, name.rsplit("/", 1)[-1].lower(), words.lower()).ratio() for name in candidates
    }
    return sorted((name for name in likeness if likeness[name] >= _ALIKE), key=lambda name: -likeness[name])
