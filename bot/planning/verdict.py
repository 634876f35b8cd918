"""What a dataset can do for one method, and the small ways in which mappings are put together.

Pure.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from bot.models import Method, Value
from bot.models.mapping import Call, ColumnMapping, Constant, Expression
from bot.planning.columns import Kind
from bot.planning.table import Slot
from bot.rows.functions import NO, YES


class Status(StrEnum):
    """How well a dataset serves a method."""

    #: TRL takes the rows as they are and trains on what is meant.
    READY = "ready"
    #: Our script converts them, row by row.
    MAPPABLE = "mappable"
    NO = "no"


class Verdict(Value):
    """What one method can do with a dataset."""

    method: Method
    status: Status
    #: None when the status is NO.
    mapping: ColumnMapping | None = None
    #: A full sentence for people: how it is read, or why it does not fit.
    reason: str
    #: Further sentences that a careful person would want to read.
    warnings: tuple[str, ...] = ()
    #: The first sample row as the trainer gets it; None: no sample row, or none is left.
    example: dict[str, object] | None = None
    #: Why plain texts go through the model's chat template, or why not; "": no plain texts, or no chat template.
    template: str = ""

    @property
    def fits(self) -> bool:
        return self.mapping is not None


def no(method: Method, reason: str) -> Verdict:
    return Verdict(method=method, status=Status.NO, reason=reason)


def yes(
    method: Method,
    columns: Mapping[str, Expression],
    reason: str,
    *warnings: str,
    ready: bool | None = None,
    keep: Sequence[Expression] = (),
) -> Verdict:
    """A mapping. It is ready when it changes nothing, unless `ready` knows better."""
    mapping = ColumnMapping(columns=dict(columns), keep=tuple(keep))
    ready = mapping.unchanged if ready is None else ready
    status = Status.READY if ready else Status.MAPPABLE
    return Verdict(method=method, status=status, mapping=mapping, reason=reason, warnings=warnings)


def call(name: str, *arguments: Expression) -> Call:
    return Call(call=name, to=arguments)


def constant(value: bool | int | float | str | tuple[str, ...]) -> Constant:
    return Constant(constant=value)


def first_of(slot: Slot) -> Expression:
    """The value of a slot as one text: the first of a list, the name of a class label."""
    if slot.kind is Kind.LABEL and slot.names:
        return call("named", slot.source, constant(slot.names))
    if slot.kind is Kind.TEXTS:
        return call("at", slot.source, constant(0))
    return slot.source


def told(slots: Sequence[Slot]) -> str:
    """Column names for people: "`a`, `b` and `c`"."""
    names = list(dict.fromkeys(slot.told for slot in slots))
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)


def asked(parts: Sequence[Slot], options: Sequence[Slot]) -> Expression:
    """The text of a prompt: a single column as it is, several joined, options behind their letters."""
    shown: list[Expression] = [slot.source for slot in parts if slot not in options]
    if options:
        as_text = len(options) == 1 and options[0].kind is Kind.TEXT
        shown.append(options[0].source if as_text else call("lettered", *(slot.source for slot in options)))
    return shown[0] if len(shown) == 1 else call("joined", *shown)


def reads(parts: Sequence[Slot], answer: str) -> str:
    """How questions and answers are read, as a sentence."""
    become = "becomes" if len({slot.path for slot in parts}) == 1 else "become"
    return f"{told(parts)} {become} the user's turn and {answer} the assistant's."


def says(label: Slot) -> Expression:
    """Whether the label calls an answer good."""
    if label.kind is Kind.BOOL:
        return label.source
    return call("true", first_of(label) if polar_names(label) and set(label.names) != {"0", "1"} else label.source)


def polar_names(slot: Slot) -> bool:
    """True for two classes that say yes and no, or 0 and 1."""
    names = {name.lower() for name in slot.names}
    return names == {"0", "1"} or (len(names) == 2 and len(names & YES) == 1 and len(names & NO) == 1)
