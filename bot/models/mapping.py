"""How the rows of a dataset become what a trainer takes: expressions over columns, as data.

A mapping is executed twice by one meaning: bot/rows/convert.py evaluates it on sample rows, and bot/rows/script.py
writes it down as the Python that the job runs. Both call the functions of bot/rows/functions.py.
"""

from collections.abc import Iterator

from pydantic import Field

from bot.models.value import Value


class At(Value):
    """A value inside a column: ("answers", "text", 0) is the first item of key `text` of column `answers`."""

    at: tuple[str | int, ...]


class Constant(Value):
    """A value that stands in the mapping itself, such as the names of class labels."""

    constant: bool | int | float | str | tuple[str, ...]


class Call(Value):
    """A function of bot/rows/functions.py, applied to values."""

    #: A name and nothing else: scripts write it down as it is.
    call: str = Field(pattern=r"^[a-z][a-z_]*$")
    to: tuple["Expression", ...]


#: A bare string is a column of the dataset.
Expression = str | At | Constant | Call


class ColumnMapping(Value):
    """Column of the trainer -> how its value is made from a row; columns that nothing reads are dropped.

    The columns are those of TRL's formats (https://huggingface.co/docs/trl/dataset_formats): `messages`, `text`,
    `prompt`, `completion`, `chosen`, `rejected`, `label`; for GRPO also `answer`, which the rewards compare with.
    """

    columns: dict[str, Expression]
    #: A row is used only when each of these is true.
    keep: tuple[Expression, ...] = ()

    @property
    def renames(self) -> dict[str, str] | None:
        """Source column -> target column when values are taken over unchanged; None: they are converted."""
        sources = {source: target for target, source in self.columns.items() if isinstance(source, str)}
        return sources if len(sources) == len(self.columns) else None

    @property
    def unchanged(self) -> bool:
        """True when the trainer takes the columns under their own names."""
        return all(source == target for target, source in self.columns.items())

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns of the dataset that are read, each once."""
        found = [name for expression in (*self.columns.values(), *self.keep) for name in columns_of(expression)]
        return tuple(dict.fromkeys(found))

    @property
    def answer(self) -> Expression | None:
        """GRPO: the reference answer; None: rewards judge form only."""
        return self.columns.get("answer")

    @property
    def calls(self) -> frozenset[str]:
        """The functions that are applied."""
        expressions = (*self.columns.values(), *self.keep)
        return frozenset(name for expression in expressions for name in _calls(expression))


def columns_of(expression: Expression) -> Iterator[str]:
    """The columns that an expression reads, in its order."""
    match expression:
        case str():
            yield expression
        case At(at=(str(name), *_)):
            yield name
        case Call(to=arguments):
            for argument in arguments:
                yield from columns_of(argument)
        case _:
            pass


def _calls(expression: Expression) -> Iterator[str]:
    if isinstance(expression, Call):
        yield expression.call
        for argument in expression.to:
            yield from _calls(argument)
