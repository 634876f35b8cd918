"""Answers to questions that are nothing but a question, and to orders that name no value. Pure.

Which fact or word is asked about is read by bot.intake.about; facts and wonders know the answers.
"""

from bot.intake.about import About, asked_about
from bot.intake.commands import Command, CostQuestion, Help, Nothing, Status
from bot.intake.hardware import wish
from bot.intake.wonders import WONDERS
from bot.models import Run
from handlers.views import answers, facts, fields
from handlers.views.hardware import others_text
from handlers.views.help import meaning_text
from handlers.views.wonders import wonder_text

#: What is told in place of the whole state of a run, and in place of its price.
_FOR_STATUS = frozenset({"time", "result", "held_back", "waiting", "loss"})
_FOR_COST = frozenset({"price", "trust"})


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
            general = run is None and about.topic in WONDERS and about.topic != "own_data"
            return None if general else about
        case Status(run=None) if run is not None:
            return about if about.topic in _FOR_STATUS and not about.meaning else None
        case CostQuestion():
            bare = not fields.said(command.request.model_copy(update={"text": "", "plan_only": None}))
            return about if bare and about.topic in _FOR_COST else None
        case _:
            return None


def what_to_change(about: str | None, words: str, run: Run) -> str:
    """Answer "use a bigger gpu" or "change the lr": what there is to choose from, or what a value looks like."""
    return others_text(run, wish(words)) if about == "hardware" else answers.what_to_change(about)
