"""Answers to questions that are nothing but a question, and to orders that name no value. Pure.

Which fact or word is asked about is read by bot.intake.about; facts and wonders know the answers.
"""

from collections.abc import Sequence

from bot.intake import changing, grammar
from bot.intake.about import About, asked_about
from bot.intake.commands import Command, CostQuestion, Help, Nothing, Status
from bot.intake.grammar import BY_FIELD
from bot.intake.hardware import wish
from bot.intake.wishes import wishes
from bot.intake.wonders import WONDERS
from bot.models import Run
from handlers.views import answers, facts, fields, text
from handlers.views.hardware import others_text
from handlers.views.help import meaning_text
from handlers.views.wonders import wonder_text

#: What is told in place of the whole state of a run, and in place of its price.
_FOR_STATUS = frozenset({"time", "result", "held_back", "waiting", "loss", "learning", "charge", "poor", "stop_advice"})
#: What somebody may ask the bot itself, where no run is; the general help answers the rest better.
_OUTSIDE = frozenset({"own_data", "held_back", "charge", "which_model", "precision", "loss", "full_or_lora", "privacy"})
_FOR_COST = frozenset({"price", "trust", "charge"})


def answer(command: Command, words: str, run: Run | None) -> str | None:
    """Answer what `command` heard no more in than a question; None: it is none, or the command answers it better.

    `run`: that of the thread; None: the question stands in no run's thread.
    """
    about = _about(command, words, run)
    if about is None:
        return None
    if about.meaning:
        return meaning_text(about.topic, run)
    if about.topic == "other_hardware" and run is not None:
        return others_text(run, wish(words))
    if about.topic in WONDERS:
        return wonder_text(about.topic, run)
    return facts.fact_text(run, about) if run else answers.only_in_thread()


def _about(command: Command, words: str, run: Run | None) -> About | None:
    about = asked_about(words, aloud=True)
    if about is None:
        return None
    match command:
        case Nothing():
            return about
        case Help(unknown=None):
            # "how do I use this" is about the bot where no run is
            general = run is None and about.topic in WONDERS and about.topic not in _OUTSIDE
            return None if general else about
        case Status(run=None) if run is not None:
            return about if about.topic in _FOR_STATUS and not about.meaning else None
        case Status(run=None):
            return about if about.topic in {"charge", "own_data"} else None
        case CostQuestion():
            bare = not fields.said(command.request.model_copy(update={"text": "", "plan_only": None}))
            return about if bare and about.topic in _FOR_COST else None
        case _:
            return None


def not_read(words: Sequence[str], run: Run) -> str:
    """Answer "retry with a smaller learning rate" where nobody knows how much smaller: the same again is no answer."""
    said = " and ".join(text.quote(each, 120) for each in words)
    field = changing.setting_of(" ".join(words))
    if field == "hardware":
        return f"I did not read {said}, so I planned nothing. {others_text(run, wish(' '.join(words)))}"
    known = fields.settled(run.plan) if run.plan else run.request
    value = getattr(known, field) if field else None
    now = f" It had {fields.LABELS[field]} {text.code(fields.value_text(field, value), 60)}." if field and value else ""
    example = BY_FIELD[field].example if field else "2 epochs"
    more = wishes(" ".join(words)).get(field) if field else None
    if field and more is not None and isinstance(value, int | float) and grammar.is_possible(field, value / 2):
        example = f"{BY_FIELD[field].keys[0]}={text.number(value * 2 if more else value / 2).replace(',', '')}"
    return (
        f"I did not read {said}, so I planned nothing: the same again would be no answer.{now} Say it with a value,"
        f" such as {text.code(f'retry with {example}', 100)}."
    )


def what_to_change(about: str | None, words: str, run: Run) -> str:
    """Answer "use a bigger gpu" or "change the lr": what there is to choose from, or what a value looks like."""
    return others_text(run, wish(words)) if about == "hardware" else answers.what_to_change(about)
