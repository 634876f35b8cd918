"""Two versions of a text: what it was and what it became, or the same in two languages.

Pure.
"""

import re
from collections.abc import Iterator

from bot.models import Method
from bot.models.mapping import Expression
from bot.planning.columns import Kind
from bot.planning.content import is_prose
from bot.planning.reading import Reading
from bot.planning.table import Slot, Table
from bot.planning.verdict import Verdict, asked, call, constant, reads, yes
from bot.planning.vocabulary import CODES, LANGUAGES

#: What is done to a text -> what the result is called.
_DONE = {
    "rewritten": "rewrite", "revised": "revision", "edited": "edit", "improved": "improvement",
    "corrected": "correction", "simplified": "simplification", "paraphrased": "paraphrase",
    "translated": "translation", "modified": "modification", "polished": "polish", "compressed": "compression",
    "summarized": "summary", "normalized": "normalization", "detoxified": "detoxification", "final": "final",
}  # fmt: skip
_VERSIONS = (("old", "new"), ("before", "after"), ("buggy", "fixed"), ("bad", "good"), ("incorrect", "correct"),
             ("noisy", "clean"), ("informal", "formal"), ("complex", "simple"), ("normal", "simple"),
             ("incoming", "outgoing"), ("inbound", "outbound"), ("rough", "polished"), ("raw", "edited"),
             ("source", "target"), ("toxic", "neutral"), ("biased", "neutral"), ("ungrammatical", "grammatical"),
             ("wrong", "right"), ("vulnerable", "fixed"), ("insecure", "secure"),
             *((old, new) for old in ("original", "draft", "source", "sentence", "toxic")
               for pair in _DONE.items() for new in pair))  # fmt: skip
#: What an edit is asked for with.
_ASKS = ("subject", "message", "commit_message", "instruction", "edit_instruction")


def find_edit(table: Table, reading: Reading) -> Verdict | None:
    """Supervised fine-tuning on the new version, given the old one."""
    for slot in table.columns.values():
        if slot.kind is not Kind.TEXT or {"answer", "answers", "option"} & set(slot.words):
            continue
        for edited in _edited(table, slot):
            if edited[0].texts == slot.texts or not (is_prose(slot) or "\n" in "".join(slot.texts)):
                continue
            why = reading.question or table.named(_ASKS, Kind.TEXT) or _instruction(table)
            parts = (
                (slot,) if why is None or why.column in {slot.column, *(one.column for one in edited)} else (slot, why)
            )
            columns = {"prompt": call("question", asked(parts, ())), "completion": call("reply", _said(edited))}
            return yes(Method.SFT, columns, reads(parts, " and ".join(one.told for one in edited)))
    return None


def _instruction(table: Table) -> Slot | None:
    """Any column of instructions: instruction_lazy, edit_instructions."""
    found = table.where(lambda slot: slot.kind is Kind.TEXT and bool({"instruction", "instructions"} & set(slot.words)))
    return found[0] if found else None


def _edited(table: Table, slot: Slot) -> Iterator[tuple[Slot, ...]]:
    """The new version: a column of its own, the first of a list, or its parts in numbered columns."""
    for old, new in _VERSIONS:
        if old not in slot.words:
            continue
        wanted = "_".join(new if word == old else word for word in slot.words)
        found = table.named((wanted,), Kind.TEXT)
        found = found or table.named((wanted, f"{wanted}s", f"{wanted.removesuffix('y')}ies"), Kind.TEXTS)
        if found is not None:
            yield (found,)
        parts = [part for part in table.columns.values() if re.fullmatch(rf"{re.escape(wanted)}_\d", part.key)]
        if len(parts) > 1 and all(part.kind is Kind.TEXT for part in parts):
            yield tuple(sorted(parts, key=lambda part: part.key))


def _said(edited: tuple[Slot, ...]) -> Expression:
    if len(edited) > 1:
        return call("joined", *(one.source for one in edited))
    return call("at", edited[0].source, constant(0)) if edited[0].kind is Kind.TEXTS else edited[0].source


def find_translation(table: Table) -> Verdict | None:
    """The same text in two languages: columns named by languages, or a struct of them."""
    texts = [slot for slot in table.slots if slot.kind is Kind.TEXT and _is_language(slot)]
    if any(slot.path[-1].lower() in CODES for slot in texts) and len(texts) < len(table.where(is_prose)):
        return None  # programs that do what another text says
    for place in dict.fromkeys(map(_stem, texts)):
        languages = [slot for slot in texts if _stem(slot) == place]
        if len(languages) < 2:
            continue
        source, target = languages[:2]
        columns = {"prompt": call("question", source.source), "completion": call("reply", target.source)}
        silent = "Nothing tells the model to translate: it learns to answer each text with its translation."
        return yes(Method.SFT, columns, reads((source,), target.told), silent)
    return None


def _is_language(slot: Slot) -> bool:
    """True for what is named after a language, or lies in a struct of translations under any name."""
    if len(slot.path) > 1 and slot.path[-2] in ("translation", "translations"):
        return True
    name = slot.path[-1].lower()
    if len(slot.words) > 1:
        named = slot.words[-1] in LANGUAGES - {"id"} or _WITH_SCRIPT.search(slot.path[-1]) is not None
        return named and is_prose(slot)
    return name in LANGUAGES or (name in CODES and len(slot.path) == 1 and is_prose(slot))


#: A language and its script, as in FLORES: sentence_deu_Latn.
_WITH_SCRIPT = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}$")


def _stem(slot: Slot) -> tuple[str, ...]:
    """Where a text lies, with its name but for the language."""
    if len(slot.path) > 1:
        return slot.path[:-1]
    last = 2 if _WITH_SCRIPT.search(slot.path[-1]) else 1
    return slot.words[:-last] if len(slot.words) > 1 else ()
