"""What the columns of question-and-answer data are for: question, its context and options, answers, references.

Pure. By the columns' names as published sets use them, and by what the sample rows hold where names do not decide.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.planning.columns import Kind, json_value, text_of
from bot.planning.content import is_preamble, is_prose, the_one_that_asks
from bot.planning.names import head, rank, ranked
from bot.planning.options import find_options, place_of_right
from bot.planning.table import SHORT, Slot, Table
from bot.planning.vocabulary import (
    ANSWERERS,
    ANSWERS,
    ASKERS,
    CHECKERS,
    CONTEXTS,
    DATA,
    EMBEDDED,
    MATERIAL,
    METADATA,
    OFTEN_WORDS,
    OPTIONS,
    OTHERS,
    PARTNERS,
    QUESTIONS,
    REFERENCES,
    SYSTEMS,
    TRACES,
    VERBALIZED,
)


@dataclass(frozen=True)
class Reading:
    """The roles that were found. Any of them may be missing."""

    question: Slot | None = None
    #: What the question is about, and where it stands: an input follows its instruction, a passage comes before.
    context: Slot | None = None
    options: tuple[Slot, ...] = ()
    #: How the answers begin, where a column holds it for both.
    begun: Slot | None = None
    system: Slot | None = None
    #: What a model would imitate.
    answer: Slot | None = None
    #: What leads to the answer and is imitated with it.
    trace: Slot | None = None
    #: What a reward can compare with.
    reference: Slot | None = None
    #: What checks an answer in a way that needs more than comparing.
    checker: Slot | None = None
    #: Those whose names say nothing of their role: what they hold gave it to them.
    guessed: tuple[Slot, ...] = ()

    @property
    def prompt(self) -> tuple[Slot, ...]:
        """The columns that a prompt is made of, in order."""
        if self.question is None:
            return ()
        parts: tuple[Slot, ...] = (self.question,)
        if self.context is not None:
            leads = head(self.question) in ("instruction", "instructions") or self.context.key == "hypothesis"
            parts = (self.question, self.context) if leads else (self.context, self.question)
        return (*parts, *self.options, *((self.begun,) if self.begun is not None else ()))


def read(
    table: Table, without: Collection[str] = (), *, answered: bool = False, prefix: Collection[str] = ()
) -> Reading:
    """Give each column its role, leaving out the columns that have one already.

    `answered`: answers were found before, so that whatever they are about is a question. `prefix`: the word that the
    names of these answers begin with, if any: columns that begin with it, too, belong to them.
    """
    slots = [slot for slot in table.slots if slot.column not in without]
    kin = [slot.without(prefix) for slot in slots if set(prefix) & set(slot.words[:1]) and len(slot.words) > 1]
    if any(rank(slot, QUESTIONS) is not None for slot in kin):
        slots = kin
    options = find_options(slots)
    taken = {slot.path for slot in options}
    texts = [slot for slot in slots if slot.path not in taken and slot.kind in (Kind.TEXT, Kind.TEXTS)]
    tested = any({"tests", "test"} & set(slot.words) and rank(slot, CHECKERS) is not None for slot in slots)
    question = _question(texts, answered=answered or bool(options) or tested)
    guessed: list[Slot | None] = []
    if question is None and not answered:
        question = _unnamed_question(texts, options=bool(options))
        guessed.append(question)
    rest = [slot for slot in slots if slot is not question and slot.path not in taken]
    context = None if question is None else _context(question, rest)
    told = [slot for slot in texts if slot is not question and is_prose(slot)]
    if question is not None and context is not None and told == [context] and _to_be_written(question, context):
        context = None
    rest = [slot for slot in rest if context is None or slot.column != context.column]
    answer = _answer([slot for slot in rest if slot.kind in (Kind.TEXT, Kind.TEXTS)], question)
    if answer is None and question is not None and not options and not answered:
        answer = _unnamed_answer(texts, question)
        guessed.append(answer)
    if question is not None and question.key == "input" and context is None:
        # an input follows its instruction, also where the sample rows have none
        before = [slot for slot in slots if slot.column == "instruction" and slot.kind is Kind.TEXT and slot.empty]
        question, context = (before[0], question) if before else (question, None)
    trace = _trace(table, question, answer)
    return Reading(
        question=question,
        context=context,
        options=options,
        begun=next((slot for slot in texts if answered and set(slot.words) & _BEGUN and is_prose(slot)), None),
        system=table.named(SYSTEMS, Kind.TEXT, among=slots) or _definition(slots, question),
        answer=_after(table, trace) or answer,
        trace=trace,
        reference=_reference(rest, chosen=bool(options)) or _flags(slots, options) or _one_of(rest, options),
        checker=_checker(rest) or _calls(table, answer),
        guessed=tuple(slot for slot in guessed if slot is not None),
    )


def _question(texts: Sequence[Slot], *, answered: bool) -> Slot | None:
    found = [slot for slot in ranked(texts, QUESTIONS) if not slot.empty]
    asked = any(slot.kind is Kind.TEXTS and slot.key in ("question", "questions") for slot in texts)
    listed = () if asked else (*CONTEXTS, *_LISTED)
    found = [slot for slot in found if slot.kind is Kind.TEXT or head(slot) in DATA or slot.key in listed]
    if any(slot.key in ANSWERERS for slot in texts):
        # whoever speaks with the one that answers is the one that asks
        found.sort(key=lambda slot: slot.key not in ASKERS)
    for slot in found:
        others = [other for other in texts if other is not slot and slot.column != other.column]
        answer = _answer(others, slot)
        if answer is not None and _leaks(slot, answer):
            continue
        if slot.key in ("query", "input", "output") and any(other.key == "question" for other in found):
            continue
        if len(found) > 1 and is_preamble(slot):
            continue
        if head(slot) == "code" and (answer is None or slot is not found[-1]):
            continue
        if head(slot) in _LISTED and not slot.long:
            continue  # where the row comes from
        if head(slot) in OFTEN_WORDS and not any(" " in text.strip() for text in slot.texts):
            continue
        if head(slot) in MATERIAL and answer is None and not answered:
            continue
        return slot
    return None


#: Lists of the sentences of what is asked about.
_LISTED = ("source", "src", "source_sentences")


def _leaks(slot: Slot, answer: Slot) -> bool:
    """True when the column holds the answer, too: a rendered text, not a question."""
    pairs = [(one.strip(), two.strip()) for one, two in zip(slot.texts, answer.texts, strict=False)]
    if head(slot) in MATERIAL:
        # summaries and extracts may repeat what they are made of; a rendered text ends with its answer
        return bool(pairs) and all(len(two) > SHORTEST and one.endswith(two) and one != two for one, two in pairs)
    return bool(pairs) and all(
        (len(two) > SHORTEST and one.endswith(two))
        or (len(two) > SHORT and (two in one or two[:60].rstrip(". ") in one))
        for one, two in pairs
    )


def _is_passage(text: Slot, question: Slot, rest: Sequence[Slot]) -> bool:
    """True when a text is what a question is about, and not what the columns were put together to."""
    if head(question) not in ("question", "query") or not text.long:
        return False
    if not any(rank(other, (*ANSWERS, *REFERENCES)) is not None for other in rest if other is not text):
        return False
    made = [other for other in rest if other is not text and other.kind is Kind.TEXT and other.long]
    asked = zip(question.texts, text.texts, strict=False)
    said = [zip(other.texts, text.texts, strict=False) for other in made]
    return not any(one.strip()[:40] in whole for one, whole in asked) and not any(
        whole.rstrip().endswith(one.strip()) for pairs in said for one, whole in pairs
    )


def _is_pieces(slot: Slot) -> bool:
    """True for a list inside of a struct that holds pieces of what is asked about, and no examples of it."""
    return slot.key in ("passage_text", "contexts") or (slot.of_each and "input" not in slot.words)


#: Words of the name of a column that holds how both answers begin.
_BEGUN = {"initial", "partial", "prefill", "prefix"}
#: Words of the name of a column that says what the question takes.
_NEEDED = {"required", "needed"}
#: A shorter answer may well be a word of its question.
SHORTEST = 12


def _context(question: Slot, rest: Sequence[Slot]) -> Slot | None:
    names: tuple[str, ...] = CONTEXTS if head(question) not in ("input", "inputs") else ()
    if head(question) in MATERIAL:
        names = ()
    if head(question) in ("sentence", "premise"):
        names = ("hypothesis",)
    if (titled := _title(question, rest)) is not None:
        return titled
    for slot in ranked([slot for slot in rest if slot.kind in (Kind.TEXT, Kind.TEXTS)], names):
        if slot.texts == question.texts or (slot.key == "text" and not _is_passage(slot, question, rest)):
            continue
        if slot.key == "knowledge" and head(question) in ("instruction", "instructions"):
            continue  # what one must know to answer
        if set(slot.words) & _NEEDED or set(slot.texts) in ({"[]"}, {"{}"}):
            continue  # what an annotator says of the question
        if slot.key == "input" and head(question) not in ("instruction", "instructions", "task", "prompt"):
            continue
        if slot.kind is Kind.TEXTS and len(slot.path) > 1 and not _is_pieces(slot):
            continue
        return slot
    return None


def _title(question: Slot, rest: Sequence[Slot]) -> Slot | None:
    """The headline of a question that was asked in a forum: question_title beside question_body, title beside selftext.

    Where only such a headline was taken for the question, there is nothing longer.
    """
    if question.key in ("selftext", "body"):
        wanted = {"title", "subject"}
    elif len(question.words) > 1 and question.words[0] in ("question", "post"):
        wanted = {"question_title", "post_title"}
    else:
        return None
    return next((slot for slot in rest if slot.kind is Kind.TEXT and slot.key in wanted and not slot.empty), None)


def _answer(texts: Sequence[Slot], question: Slot | None) -> Slot | None:
    """What to imitate: a worked answer rather than a bare final value."""
    asked = head(question) if question else ""
    # keywords may as well tag a text: only where there is nothing else, it was written from them
    alone = asked != "keywords" or len({slot.column for slot in texts} - {question.column if question else ""}) == 1
    names = (*ANSWERS, *(VERBALIZED if asked in DATA and alone else ()), "label")
    found = [slot for slot in ranked(texts, names) if not slot.empty and head(slot) != asked]
    found = [slot for slot in found if slot.long or head(slot) != "label"]  # a short one is a class
    found = [slot for slot in found if not set(slot.words) & _GRADES]
    if not found and question is not None and question.key == "question":
        found = [slot for slot in texts if slot.key == "query"]
    found.sort(key=lambda slot: question is None or not _go_together(question, slot))
    return next((slot for slot in found if slot.long and len(slot.path) == 1), found[0] if found else None)


def _go_together(question: Slot, answer: Slot) -> bool:
    """True for names that come in pairs: query and response, client and therapist."""
    return PARTNERS.get(question.key) == answer.key or (question.key in ASKERS and answer.key in ANSWERERS)


def _definition(slots: Sequence[Slot], question: Slot | None) -> Slot | None:
    """What is to be done with an input, where the same task has many."""
    if question is None or head(question) not in ("input", "inputs"):
        return None
    named = ("definition", "task_definition", "task_description")
    return next((slot for slot in slots if slot.key in named and slot.kind is Kind.TEXT and slot.long), None)


def _trace(table: Table, question: Slot | None, answer: Slot | None) -> Slot | None:
    """The reasoning beside an answer, in a column of its own."""
    if answer is None or set(answer.words) & TRACES:
        return None
    texts = table.where(lambda slot: slot.kind in (Kind.TEXT, Kind.TEXTS) and slot.long and not slot.json)
    found = [slot for slot in texts if set(slot.words) & TRACES and not set(slot.words) & (METADATA | OTHERS)]
    found = [slot for slot in found if slot not in (question, answer)]
    found = [slot for slot in found if slot.kind is Kind.TEXT or slot.words[-1] in TRACES]
    return found[0] if found else None


def _after(table: Table, trace: Slot | None) -> Slot | None:
    """The answer that a trace leads to, where several stand beside it: of the same model, or called an attempt."""
    if trace is None:
        return None
    answers = [slot for slot in table.columns.values() if slot.kind is Kind.TEXT and rank(slot, ANSWERS) is not None]
    kin = [slot for slot in answers if slot.words[:1] == trace.words[:1] and slot is not trace]
    return next(iter([*kin, *(slot for slot in answers if "attempt" in slot.words)]), None)


#: Words of names of what somebody thought of an answer.
_GRADES = {"rating", "score", "confidence"}


def _reference(rest: Sequence[Slot], *, chosen: bool) -> Slot | None:
    """What a right answer can be compared with: a number, a letter, a short text, or a solution that concludes."""
    kinds = (Kind.TEXT, Kind.TEXTS, Kind.NUMBER, Kind.BOOL, Kind.LABEL, Kind.NUMBERS)
    found = [slot for slot in ranked(rest, REFERENCES) if slot.kind in kinds and not slot.empty]
    found = [slot for slot in found if not set(slot.words) & _GRADES]
    # yes and no may be about anything: is_correct, no_answer
    found = [slot for slot in found if slot.kind is not Kind.BOOL or slot.key in REFERENCES]
    found = [slot for slot in found if head(slot) != "label" or set(slot.words) <= _RIGHT_LABEL]
    exact = [slot for slot in found if slot.short]
    if not chosen:
        exact = [slot for slot in exact if slot.kind is not Kind.LABEL]
    concluding = [slot for slot in (*found, *ranked(rest, ANSWERS)) if slot.concludes]
    top = [slot for slot in exact if len(slot.path) == 1]
    return next(iter((*top, *exact, *concluding)), None)


#: Words of the names of classes that are the answer; others class the question, the answer or its tone.
_RIGHT_LABEL = {"label", "gold", "true", "correct", "answer", "target", "final", "text"}


def _flags(slots: Sequence[Slot], options: Sequence[Slot]) -> Slot | None:
    """The list beside the options that marks the right one."""
    for slot in slots:
        if options and slot.kind is Kind.NUMBERS and slot.path[:-1] == options[0].path[:-1] and "label" in slot.key:
            return slot if all(value.count(1) == 1 for value in slot.values if isinstance(value, list)) else None
    return None


def _one_of(rest: Sequence[Slot], options: Sequence[Slot]) -> Slot | None:
    """The column that always holds the letter or the text of an option."""
    listed = len(options) == 1 and options[0].kind is Kind.TEXTS
    for slot in rest:
        if not options or slot.kind is not Kind.TEXT or not slot.values:
            continue
        letters = all(re.fullmatch(r"[A-F]", text.strip()) for text in slot.texts)
        lists = options[0].values if listed else tuple(zip(*(option.values for option in options), strict=False))
        if letters or (len(lists) == len(slot.values) and all(map(_holds, lists, slot.values))):
            return slot
    if not listed and not all(option.kind is Kind.TEXT and len(options) > 2 for option in options):
        return None
    return place_of_right(rest, *options)


def _holds(options: object, text: object) -> bool:
    return isinstance(options, list | tuple) and text in options


def _checker(rest: Sequence[Slot]) -> Slot | None:
    found = [slot for slot in ranked(rest, CHECKERS) if not slot.empty and "id" not in slot.words]
    always = {"test", "tests", "asserts", "regex", "pattern"}
    found = [
        slot for slot in found
        if always & set(slot.words) or not slot.short or all(json_value(value) is not None for value in slot.values)
    ]  # fmt: skip
    return found[0] if found else None


def nameless(texts: Sequence[Slot]) -> list[Slot]:
    """Text columns whose names say nothing that we know."""
    known = (*QUESTIONS, *ANSWERS, *REFERENCES, *CHECKERS, *SYSTEMS, *CONTEXTS, *OPTIONS)
    return [
        slot for slot in texts
        if slot.kind is Kind.TEXT and len(slot.path) == 1 and not slot.empty and rank(slot, known) is None
        and not set(slot.words) & (METADATA | OTHERS | EMBEDDED)
    ]  # fmt: skip


def _unnamed_question(texts: Sequence[Slot], *, options: bool) -> Slot | None:
    """The only other text beside an answer or options; of two that nobody knows, the long one or the one that asks."""
    unknown = nameless(texts)
    long = [slot for slot in unknown if slot.long]
    if len(long) == 1 and (options or _answer(texts, None) is not None):
        return long[0]
    if options:
        prose = [slot for slot in unknown if is_prose(slot)]
        return prose[0] if len(prose) == 1 else None
    if len(unknown) == 2 and len(texts) == 2 and unknown[0].long and not unknown[1].long:
        return unknown[0]
    prose = [slot for slot in texts if is_prose(slot)]
    if len(prose) == 2 and all(slot in unknown for slot in prose):
        return the_one_that_asks(prose)
    return None


def _unnamed_answer(texts: Sequence[Slot], question: Slot) -> Slot | None:
    """The only other text beside a question, or the only one of sentences."""
    unknown = [slot for slot in nameless(texts) if slot is not question]
    others = [slot for slot in texts if slot is not question and len(slot.path) == 1 and not set(slot.words) & METADATA]
    if len(unknown) == 1 and others == unknown and question.key != "prompt":
        return unknown[0]
    prose = [slot for slot in others if is_prose(slot)]
    if len(prose) != 1 or any(_quotes(slot, prose[0]) for slot in texts if slot not in (question, prose[0])):
        return None
    return prose[0] if prose[0] in unknown or _to_be_written(question, prose[0]) else None


def _quotes(slot: Slot, passage: Slot) -> bool:
    """True when the short texts of a column all stand in the long ones of another: they answer out of a passage."""
    pairs = [
        (text_of(value[0]) if isinstance(value, list) and value else text_of(value), text)
        for value, text in zip(slot.values, passage.texts, strict=False)
    ]
    return bool(pairs) and all(len(quote) > 2 and quote in text for quote, text in pairs)


def _to_be_written(question: Slot, text: Slot) -> bool:
    """True for what a prompt asks for, such as a story, when there is nothing else beside it."""
    return question.key == "prompt" and text.key in ("story", "article", "essay", "content")


def _calls(table: Table, answer: Slot | None) -> Slot | None:
    """Calls of tools can be compared, but not as text."""
    if answer is None or table.tools is None or not answer.values:
        return None
    return answer if all(isinstance(json_value(value), list | dict) for value in answer.values) else None
