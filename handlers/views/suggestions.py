"""What to begin with, for whoever does not know: base models by size and datasets by what they teach. Pure.

The names are public repositories of the Hub; the sizes of the models are in their names.
"""

from bot.intake.own_data import how_to_upload
from bot.models import Examples, Question, Run
from handlers.views import fields, text

#: Base model -> what it is good for.
_MODELS = (
    ("Qwen/Qwen3-0.6B", "0.6B parameters: a first try, in minutes and for cents"),
    ("Qwen/Qwen3-1.7B", "1.7B: still small, for a style or a format"),
    ("Qwen/Qwen3-4B", "4B: for tasks that need more knowledge, with LoRA on one GPU"),
)
#: Dataset -> what it teaches.
_DATASETS = (
    ("trl-lib/Capybara", "conversations, to learn answering (SFT)"),
    ("trl-lib/ultrafeedback_binarized", "preferred and rejected answers (DPO)"),
)


def models_text(run: Run | None = None) -> str:
    """Which base model to take; in a plan's thread also which one it has."""
    plan = run.plan if run else None
    has = f"This plan takes {text.code(plan.model.repo_id, 100)}. " if plan else ""
    return (
        f"{has}Small ones to begin with:\n{_lines(_MODELS)}\nThe smaller, the cheaper: a plan shows the price of each."
    )


def asked_again(question: Question, words: str, *, advice: bool, own: bool, examples: Examples) -> str:
    """Answer a reply that was no answer to the bot's question: what is asked, what there is, how to write it.

    `advice`: whoever was asked does not know; `own`: they speak of data of their own.
    """
    field = question.field
    if own and field == "dataset":
        return f"{text.escape(how_to_upload('YOUR-NAME'), 900)}"
    asked = text.escape(question.text, 300)
    if advice and field == "model" and not question.choices:
        return f"{models_text()} Answer here with one of these names."
    if advice and field == "dataset" and not question.choices:
        return (
            f"To try it out:\n{_lines(_DATASETS)}\nFor your own task your own examples teach most."
            f" {text.escape(how_to_upload('YOUR-NAME'), 900)}"
        )
    choices = fields.joined((text.code(choice, 100) for choice in question.choices), 600)
    example = question.choices[0] if question.choices else getattr(examples, field, "")
    write = f" Answer with the name alone, such as {text.code(example, 100)}." if example else ""
    listed = f" One of: {choices}." if choices else ""
    how = write or f" {text.escape(question.hint, 300)}"
    return f"I did not read {text.quote(words, 120)} as an answer. {asked}{listed}{how}"


def _lines(rows: tuple[tuple[str, str], ...]) -> str:
    return text.listing([f"{text.code(name, 100)} {says}" for name, says in rows])
