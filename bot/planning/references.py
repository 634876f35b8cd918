"""What reinforcement learning can try and compare: prompts, and the answers that rewards know to be right.

Pure. Our rewards compare texts and numbers; they run no tests and check no instructions.
"""

from bot.models import Method
from bot.models.mapping import Expression
from bot.planning.columns import Kind
from bot.planning.names import head
from bot.planning.options import numbers
from bot.planning.reading import Reading
from bot.planning.sides import first_turns, text_under
from bot.planning.table import Slot, Table
from bot.planning.talks import as_messages, as_prompt, conversations, is_answered, is_open, scattered
from bot.planning.verdict import Verdict, asked, call, constant, first_of, no, told, yes

_FORM_ONLY = "No column holds a reference answer: rewards can judge the form only."


def judge_grpo(table: Table, reading: Reading) -> Verdict:
    """Prompts with something to compare an answer with, or prompts alone."""
    if (reason := scattered(table)) is not None:
        return no(Method.GRPO, reason)
    found = _prompt(table, reading) or _numbers(table)
    if found is None:
        return no(Method.GRPO, "No column holds a question that the model could try to answer.")
    prompt, named, parts = found
    reference = parts[1] if parts[0].kind is Kind.NUMBERS else _outside(reading.reference, parts)
    checker = _outside(reading.checker, parts) or _facts(table, parts)
    columns: dict[str, Expression] = {"prompt": prompt}
    # TRL would take the texts as they are, too; as messages they go through the chat template, as when they are asked
    ready = prompt in ("prompt", call("question", "prompt"))
    if reference is not None and checker is not None and set(checker.words) & {"test", "tests", "asserts"}:
        reference = None if head(reference) in ("solution", "code") else reference
    if reference is not None and not (checker is not None and reference.kind is Kind.TEXTS and not reference.short):
        columns["answer"] = reference_of(reference, reading)
        task = "No column says what to do with these numbers: write the task into a system prompt first."
        warnings = (task,) if parts[0].kind is Kind.NUMBERS else ()
        reason = f"Questions in {named}, judged against {reference.told}."
        return yes(Method.GRPO, columns, reason, *warnings, ready=ready)
    if checker is not None:
        columns["checker"] = checker.source
        what = (
            f"{checker.told} can check an answer, but only by running or reading it in its own way, which no reward of"
        )
        return yes(Method.GRPO, columns, f"Questions in {named}, with checks in {checker.told}.",
                   f"{what} Tunesmith does: rewards judge the form only.", ready=ready)  # fmt: skip
    if ready or _only_asks(table, parts):
        return yes(Method.GRPO, columns, f"Questions in {named}.", _FORM_ONLY, ready=ready)
    return no(Method.GRPO, f"Beside {named} there is no reference answer that a reward could compare with.")


def _outside(slot: Slot | None, parts: tuple[Slot, ...]) -> Slot | None:
    return None if slot is not None and slot.path in {part.path for part in parts} else slot


def _facts(table: Table, parts: tuple[Slot, ...]) -> Slot | None:
    """What prompts without answers carry along for whoever judges the answers."""
    if parts[0].kind is not Kind.MESSAGES or is_answered(parts[0], sampled=table.sampled):
        return None
    return table.named(("metadata", "reward_model", "extra_info", "info", "meta"), Kind.STRUCT)


def _only_asks(table: Table, parts: tuple[Slot, ...]) -> bool:
    """Published for reinforcement learning: conversations that end before the answer, and nothing else to learn."""
    return parts[0].kind is Kind.MESSAGES and table.sampled and not is_answered(parts[0])


def _prompt(table: Table, reading: Reading) -> tuple[Expression, str, tuple[Slot, ...]] | None:
    """The prompt, its name for people, and the columns that it is made of."""
    prompt = table.columns.get("prompt")
    if prompt is not None and prompt.kind in (Kind.MESSAGES, Kind.SHAREGPT):
        return as_prompt(prompt), prompt.told, (prompt,)
    for slot in conversations(table):
        about = text_under(slot, reading)
        if about is not None and is_open(slot):
            return as_prompt(slot, about), told((slot, about)), (slot, about)
    if reading.question is not None:
        parts = tuple(slot for slot in reading.prompt if slot is not reading.begun)
        extra = (reading.system.source,) if reading.system is not None else ()
        return call("question", asked(parts, reading.options), *extra), told(parts), parts
    if opening := first_turns(table):
        return call("opened", call("both", *(slot.source for slot in opening))), told(opening), opening
    for slot in conversations(table):
        if slot.kind in (Kind.MESSAGES, Kind.SHAREGPT):
            if not is_answered(slot, sampled=table.sampled):
                return as_prompt(slot), slot.told, (slot,)
            if reading.reference is not None or reading.checker is not None:
                return call("before_answer", as_messages(slot)), f"the turns before the answer in {slot.told}", (slot,)
    talk = [slot for slot in table.columns.values() if slot.kind is Kind.MESSAGES and not slot.empty]
    if talk and not is_answered(talk[0], sampled=table.sampled):
        return as_prompt(talk[0]), talk[0].told, (talk[0],)
    return None


def _numbers(table: Table) -> tuple[Expression, str, tuple[Slot, ...]] | None:
    """A puzzle of numbers: a list to work with, and the number to reach."""
    lists = table.where(lambda slot: slot.kind is Kind.NUMBERS)
    goal = table.named(("target", "goal", "answer"), Kind.NUMBER)
    if len(lists) != 1 or goal is None or table.where(lambda slot: slot.kind in (Kind.TEXT, Kind.TEXTS)):
        return None
    shown = call("titled", *(part for slot in (lists[0], goal) for part in (constant(slot.column), slot.source)))
    return call("question", shown), told((lists[0], goal)), (lists[0], goal)


def reference_of(slot: Slot, reading: Reading) -> Expression:
    """The reference as the rewards want it: the letter of an option, the name of a class, the end of a solution."""
    if slot.kind is Kind.LABEL:
        if reading.options and not any(len(name) == 1 and name.isalpha() for name in slot.names):
            return call("letter", slot.source, constant(0))
        return first_of(slot)
    if reading.options and slot.kind is Kind.NUMBERS:
        return call("marked", slot.source)
    if reading.options and all(text.strip().isdigit() for text in slot.texts) and slot.texts:
        places = [int(text) for text in slot.texts]
        size = max(
            len(reading.options), *(len(value) for value in reading.options[0].values if isinstance(value, list)), 1
        )
        from_one = 0 not in places and (
            max(places) >= size
            or ((slot.kind is Kind.TEXT or numbers(slot)) and reading.options[0].words[-1] in ("1", "a"))
        )
        return call("letter", slot.source, constant(int(from_one)))
    if slot.concludes:
        return call("final", slot.source)
    return slot.source
