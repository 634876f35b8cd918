"""The help of bot.intake as a Slack message. Does not know what can be said: the grammar's own table tells it."""

from collections.abc import Sequence

from bot.intake import help_text
from bot.intake.commands import Help
from bot.intake.glossary import BY_NAME
from bot.intake.help import TOPICS, Part
from bot.intake.own_data import how_to_upload
from bot.models import Flavor, Run
from bot.planning import FALLBACK_FLAVORS, PRICES_READ_ON
from handlers.views import facts, text
from handlers.views.hardware import flavors_text

#: Between what is typed and what it does, in the lines of bot.intake.help.
_DASH = "  -  "


def help_message(asked: Help, flavors: Sequence[Flavor] = ()) -> str:
    """Mrkdwn for one message; an unknown word is named, with the command that it resembles.

    `flavors`: what can be rented today; empty: not known now.
    """
    page = help_text(asked.topic)
    more = ""
    if page.title == TOPICS["hardware"]:
        more = f"\n{flavors_text(flavors) if flavors else flavors_text(FALLBACK_FLAVORS, PRICES_READ_ON)}"
    elif page.title == TOPICS["dataset"]:
        more = f"\n*Your own data* {text.escape(how_to_upload('YOUR-NAME'))}"
    unknown = ""
    if asked.unknown:
        near = f" Did you mean {text.code(asked.near)}?" if asked.near else ""
        unknown = f"I do not know {text.quote(asked.unknown, 200)}.{near}\n\n"
    intro = f"{text.escape(page.intro, 600)}\n" if page.intro else ""
    parts = "\n".join(map(_part, page.parts))
    return f"{unknown}*{text.escape(page.title, 200)}*\n{intro}{parts}{more}"


def meaning_text(name: str, run: Run | None) -> str:
    """What a term of the glossary means, and what the run of the thread has of it."""
    term = BY_NAME[name.lower()]
    return f"{text.escape(term.meaning)}{facts.uses(run, term.field) if run else ''}"


def _part(part: Part) -> str:
    head = f"\n*{text.escape(part.title, 100)}*\n" if part.title else ""
    return f"{head}{text.listing(map(_line, part.lines), 3400)}"


def _line(line: str) -> str:
    typed, dash, does = line.partition(_DASH)
    return f"{text.code(typed, 200)} {text.escape(does, 400)}" if dash else text.escape(line, 600)
