"""Plan -> the training script: which template, and how values enter it.

Values become Python literals and nothing else. Does not choose any value: that was the planner.
"""

import math
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Undefined

from bot.models import ColumnMapping, Plan


def render_script(plan: Plan) -> str:
    """Write the script that trains exactly this plan.

    Raises:
        TypeError: a value of the plan has no Python literal (NaN, an object); our bug.
        SyntaxError: a template is broken; our bug.
    """
    script = render_template(
        f"{plan.method.value}.py.j2",
        plan=plan,
        arguments=plan.arguments,
        mapping=plan.mapping,
        columns=plan.mapping.columns,
        source_columns=_source_columns(plan.mapping),
        required_columns=_required_columns(plan.mapping),
        renames=_renames(plan.mapping),
        completion_is_text=_is_text(plan.dataset.features.get(plan.mapping.columns.get("completion", ""))),
        needs_chat_template=not plan.model.has_chat_template and _has_conversations(plan),
    )
    compile(script, "train.py", "exec")
    return script


def render_template(name: str, **values: Any) -> str:
    """Fill in one template of templates/scripts; every value becomes a literal.

    Raises:
        UndefinedError: the template uses a name that has no value.
    """
    return _ENVIRONMENT.get_template(name).render(values)


def literal(value: Any) -> str:
    """Write `value` as Python source, strings in double quotes where that needs no escape.

    Raises:
        TypeError: the value has no literal form: objects, enums, infinity, NaN.
    """
    if isinstance(value, Undefined):
        str(value)  # raises UndefinedError, naming the variable
    if type(value) is str:
        text = repr(value)
        return text if '"' in value or "'" in value else f'"{text[1:-1]}"'
    if value is None or type(value) in (bool, int) or (type(value) is float and math.isfinite(value)):
        return repr(value)
    if type(value) in (list, tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    raise TypeError(f"not a Python literal: {value!r}")


def _source_columns(mapping: ColumnMapping) -> list[str]:
    """The columns of the dataset that are read, each once, in a fixed order."""
    names = [*mapping.columns.values(), *([mapping.answer] if mapping.answer is not None else [])]
    return list(dict.fromkeys(names))


def _required_columns(mapping: ColumnMapping) -> list[str]:
    """The columns without which a row is of no use; an input or a system prompt may be missing."""
    optional = {"input", "system"} if mapping.kind in ("pairs_to_messages", "sharegpt") else set()
    names = [source for name, source in mapping.columns.items() if name not in optional]
    return list(dict.fromkeys(names))


def _renames(mapping: ColumnMapping) -> dict[str, str]:
    targets = dict(mapping.columns)
    if mapping.answer is not None:
        targets["answer"] = mapping.answer
    return {source: name for name, source in targets.items() if source != name}


def _is_text(feature: Any) -> bool:
    """An unknown feature counts as text: the viewer knows no features of some datasets."""
    return feature is None or (isinstance(feature, Mapping) and "string" in str(feature.get("dtype")))


def _has_conversations(plan: Plan) -> bool:
    """Whether rows hold messages rather than texts, which only a chat template turns into text."""
    if plan.mapping.kind in ("pairs_to_messages", "sharegpt"):
        return True
    features = (plan.dataset.features.get(source) for source in plan.mapping.columns.values())
    return any(isinstance(feature, list) or "feature" in (feature or {}) for feature in features)


def _template(name: str) -> str | None:
    source = files("templates").joinpath("scripts", name)
    return source.read_text(encoding="utf-8") if source.is_file() else None


# no autoescape: this writes Python, and `finalize` quotes every value
_ENVIRONMENT = Environment(  # noqa: S701
    loader=FunctionLoader(_template),
    undefined=StrictUndefined,
    finalize=literal,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
