"""Write a mapping down as the Python of a training script: the functions it needs, and `convert(row)`.

The functions are copied from bot/rows/functions.py as they stand there, so planner and job execute one source.
"""

import ast
from collections.abc import Callable
from functools import cache
from importlib.resources import files

from bot.models.mapping import At, Call, ColumnMapping, Constant, Expression


class Code(str):
    """Python source that was put together from literals and our own functions, so it may stand in a script."""


def row_functions(mapping: ColumnMapping) -> Code:
    """The functions and constants that the mapping needs, in the order of the module, two lines apart."""
    source, definitions = _definitions()
    needed = set(mapping.calls)
    if any(_has_path(expression) for expression in (*mapping.columns.values(), *mapping.keep)):
        needed.add("at")
    waiting = list(needed)
    while waiting:
        for name in _names(definitions[waiting.pop()]) & definitions.keys() - needed:
            needed.add(name)
            waiting.append(name)
    kept = [node for name, node in definitions.items() if name in needed]
    constants = [_text(source, node) for node in kept if isinstance(node, ast.Assign)]
    functions = [_text(source, node) for node in kept if not isinstance(node, ast.Assign)]
    return Code("\n".join(constants) + "\n\n\n" * bool(constants and functions) + "\n\n\n".join(functions))


def needs_regex(mapping: ColumnMapping) -> bool:
    """Whether the functions import `re`."""
    return "re.compile" in row_functions(mapping)


def call_of(expression: Expression, literal: Callable[[object], str]) -> Code:
    """The expression as Python, for a variable `row`. `literal` writes a value as source."""
    match expression:
        case str():
            return Code(f"row[{literal(expression)}]")
        case At(at=(first, *path)):
            return Code(f"at(row[{literal(first)}], {', '.join(literal(key) for key in path)})")
        case Constant(constant=tuple() as names):
            return Code(", ".join(literal(name) for name in names))
        case Constant():
            return Code(literal(expression.constant))
        case Call():
            arguments = ", ".join(call_of(argument, literal) for argument in expression.to)
            return Code(f"{expression.call}({arguments})")
        case _:
            raise TypeError(f"not an expression: {expression!r}")


def _has_path(expression: Expression) -> bool:
    if isinstance(expression, Call):
        return any(_has_path(argument) for argument in expression.to)
    return isinstance(expression, At)


@cache
def _definitions() -> tuple[str, dict[str, ast.stmt]]:
    source = files("bot.rows").joinpath("functions.py").read_text(encoding="utf-8")
    found: dict[str, ast.stmt] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node
    return source, found


def _names(node: ast.stmt) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _text(source: str, node: ast.stmt) -> str:
    """The lines of a definition, with the comment lines above it."""
    lines = source.splitlines()
    start = node.lineno - 1
    while start > 0 and lines[start - 1].startswith("#"):
        start -= 1
    return "\n".join(lines[start : node.end_lineno])
