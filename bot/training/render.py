"""Plan -> the training script: which template, and how values enter it.

Values become Python literals and nothing else. Does not choose any value: that was the planner.
"""

import math
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Undefined

from bot.models import ColumnMapping, Method, Plan
from bot.models.job import ENDING_S, FENCED_EXIT, PUSH_BYTES_S, STOPPED_EXIT
from bot.rows import Code, call_of, holds_messages, needs_regex, row_functions
from bot.training.serving import vllm_rank

#: The rewards that a script can hold, in the order in which TRL gets them, with their weights: being right counts
#: five times as much as looking right.
REWARD_WEIGHTS = {"exact": 1.0, "number": 1.0, "math": 1.0, "format": 0.2, "length": 0.2}
#: Those that compare with a reference answer.
_NEED_AN_ANSWER = frozenset({"exact", "number", "math"})

_METHOD_NAMES = {
    Method.SFT: "supervised fine-tuning (SFT)",
    Method.DPO: "direct preference optimization (DPO)",
    Method.GRPO: "group relative policy optimization (GRPO)",
    Method.KTO: "Kahneman-Tversky optimization (KTO)",
    Method.REWARD: "reward modelling",
}


def render_script(plan: Plan) -> str:
    """Write the script that trains exactly this plan.

    Raises:
        TypeError: a value of the plan has no Python literal (NaN, an object); our bug.
        SyntaxError: a template is broken; our bug.
    """
    rewards = _rewards(plan)
    talks = holds_messages(plan.mapping, plan.dataset.features)
    script = render_template(
        f"{plan.method.value}.py.j2",
        plan=plan,
        arguments=plan.arguments,
        mapping=plan.mapping,
        **_row_source(plan.mapping),
        # the rewards look for numbers and marks in answers
        needs_regex=needs_regex(plan.mapping) or (plan.mapping.answer is not None and rewards not in ([], ["length"])),
        needs_chat_template=not plan.model.has_chat_template and talks,
        is_chat=plan.model.has_chat_template or talks,
        # a reward model says nothing, and of a model that is shared out no process has all
        has_samples=plan.method is not Method.REWARD and plan.sharding != "fsdp",
        method_name=f"{_METHOD_NAMES[plan.method]}, {plan.tuning.told}",
        has_answer=plan.mapping.answer is not None,
        rewards=rewards,
        reward_weights=[REWARD_WEIGHTS[name] for name in rewards],
        vllm_rank=vllm_rank(plan.arguments.lora_r),
        stopped_exit=STOPPED_EXIT,
        fenced_exit=FENCED_EXIT,
        push_bytes_s=PUSH_BYTES_S,
        ending_s=ENDING_S,
    )
    compile(script, "train.py", "exec")
    return script


def render_template(name: str, **values: Any) -> str:
    """Fill in one template of templates/ or templates/scripts/; every value becomes a literal.

    Raises:
        UndefinedError: the template uses a name that has no value.
    """
    return _ENVIRONMENT.get_template(name).render(values)


def literal(value: Any) -> str:
    """Write `value` as Python source, strings in double quotes where that needs no escape; Code is source already.

    Raises:
        TypeError: the value has no literal form: objects, enums, infinity, NaN.
    """
    if isinstance(value, Code):
        return value
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


def _rewards(plan: Plan) -> list[str]:
    """The plan's rewards in their fixed order."""
    if plan.method is not Method.GRPO:
        return []
    named = set(plan.rewards)
    assert named, "GRPO learns from rewards"
    assert named <= REWARD_WEIGHTS.keys(), f"no such rewards: {named - REWARD_WEIGHTS.keys()}"
    assert plan.mapping.answer is not None or not _NEED_AN_ANSWER & named, "a reward lacks its reference answer"
    return [name for name in REWARD_WEIGHTS if name in named]


def _row_source(mapping: ColumnMapping) -> dict[str, Any]:
    """What the script does with rows: columns to select and rename, or the functions and values of `convert(row)`."""
    renames = mapping.renames
    written = {target: call_of(value, literal) for target, value in mapping.columns.items()}
    return {
        "source_columns": list(renames or ()),
        "renames": {source: target for source, target in (renames or {}).items() if source != target},
        "conversions": written if renames is None else None,
        "conditions": [call_of(condition, literal) for condition in mapping.keep],
        "row_functions": row_functions(mapping),
    }


def _template(name: str) -> str | None:
    folders = (files("templates").joinpath("scripts"), files("templates"))
    found = (folder.joinpath(name) for folder in folders)
    return next((source.read_text(encoding="utf-8") for source in found if source.is_file()), None)


# no autoescape: this writes Python, and `finalize` quotes every value
_ENVIRONMENT = Environment(  # noqa: S701
    loader=FunctionLoader(_template),
    undefined=StrictUndefined,
    finalize=literal,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
