"""A run that is decided, written as the command that asks for it anew with a change. Pure."""

from typing import Any

from bot.intake.grammar import BY_FIELD
from bot.models import Run, TrainingRequest
from bot.models.request import HOW_SAID
from handlers.views import fields, text

_NOT_REPEATED = HOW_SAID | {"model", "dataset", "output_repo", "plan_only"}


def command_for(run: Run, changes: dict[str, Any]) -> str:
    """Plain text: "/finetune Qwen/Qwen3-0.6B on trl-lib/Capybara epochs=2"; "" where the run names too little."""
    known = fields.settled(run.plan) if run.plan else run.request
    asked = (run.plan.request if run.plan else run.request).model_copy(update=changes)
    model, dataset = changes.get("model") or known.model, changes.get("dataset") or known.dataset
    if not model or not dataset:
        return ""
    return f"/finetune {model} on {dataset}{''.join(f' {each}' for each in _assignments(asked))}"


def again_words(run: Run, change: str) -> str:
    """The same as mrkdwn code with one change in words: "epochs=3"."""
    field = change.partition("=")[0]
    whole = command_for(run, {field: None, **({"max_steps": None} if field == "epochs" else {})})
    return f"{text.code(f'{whole} {change}', 600)}."


def _assignments(request: TrainingRequest) -> list[str]:
    named = ((field, value) for field, value in request if field not in _NOT_REPEATED and value is not None)
    return [f"{BY_FIELD[field].keys[0]}={_value(field, value)}" for field, value in named if field in BY_FIELD]


def _value(field: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    written = fields.value_text(field, value).replace(",", "") if isinstance(value, int | float) else str(value)
    return f'"{written}"' if " " in written else written
