"""Execute a mapping on rows, as the script will.

Does not decide what a mapping is: that is bot/planning. tests/test_rows.py compares this with the written script.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.models.mapping import At, Call, ColumnMapping, Constant, Expression
from bot.rows import functions

#: The functions that make messages.
_TALKING = {
    *("question", "reply", "translated", "exchanged", "alternated", "interleaved", "opened", "transcript"),
    *("before_answer", "last_answer", "parsed", "filled"),
}
#: Those that choose among values, whatever these are.
_CHOOSING = {"by_label", "best", "worst", "both", "picked", "passed_over"}
#: What counts as nothing to train on; 0 and False are values.
EMPTY: tuple[Any, ...] = (None, "", [])


def convert(row: Mapping[str, Any], mapping: ColumnMapping) -> dict[str, Any] | None:
    """The row that the trainer gets; None: the script leaves this one out."""
    return None if lacks(row, mapping) else _made(row, mapping)


def lacks(row: Mapping[str, Any], mapping: ColumnMapping) -> str:
    """Why the script leaves a row out: the condition that it breaks or the column that stays empty; "": it does not."""
    for condition in mapping.keep:
        if not evaluate(condition, row):
            return condition.call if isinstance(condition, Call) else str(condition)
    return next((target for target, value in _made(row, mapping).items() if value in EMPTY), "")


def _made(row: Mapping[str, Any], mapping: ColumnMapping) -> dict[str, Any]:
    return {target: evaluate(expression, row) for target, expression in mapping.columns.items()}


def converted(rows: Iterable[Mapping[str, Any]], mapping: ColumnMapping) -> list[dict[str, Any]]:
    """All rows that the trainer gets."""
    return [made for row in rows if (made := convert(row, mapping)) is not None]


def evaluate(expression: Expression, row: Mapping[str, Any]) -> Any:
    """The value of one expression on one row."""
    match expression:
        case str():
            return row.get(expression)
        case At(at=(first, *path)):
            return functions.at(row.get(str(first)), *path)
        case Constant():
            return expression.constant
        case Call():
            arguments: list[Any] = []
            for argument in expression.to:
                value = evaluate(argument, row)
                # names stand side by side in a call
                arguments.extend(value) if isinstance(value, tuple) else arguments.append(value)
            return getattr(functions, expression.call)(*arguments)
        case _:
            raise TypeError(f"not an expression: {expression!r}")


def holds_messages(mapping: ColumnMapping, features: Mapping[str, Any]) -> bool:
    """Whether the trainer gets messages rather than texts: only a chat template turns those into text."""
    return any(
        _talks(value, features) for target, value in mapping.columns.items() if target not in ("answer", "checker")
    )


def _talks(expression: Expression, features: Mapping[str, Any]) -> bool:
    match expression:
        case str():
            return _lists_structs(features.get(expression))
        case At(at=path):
            feature: Any = features
            for key in path:
                feature = feature.get(key) if isinstance(feature, Mapping) else None
            return _lists_structs(feature)
        case Call(call=name, to=arguments):
            return name in _TALKING or (name in _CHOOSING and any(_talks(one, features) for one in arguments))
        case _:
            return False


def _lists_structs(feature: Any) -> bool:
    """True for a list of anything but plain values."""
    item = feature[0] if isinstance(feature, list) and feature else feature
    item = item.get("feature") if item is feature and isinstance(item, Mapping) else item
    return isinstance(item, Mapping) and item.get("_type") not in ("Value", "ClassLabel")
