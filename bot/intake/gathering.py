"""What a text holds of a request, when somebody says that it is one: the words of others, turned into a form.

Does not ask what the words are meant for; nothing is done before the person has read and sent the form.
"""

from bot.intake import refusals, verdicts
from bot.intake.commands import Refusal
from bot.intake.free_text import read_free_text
from bot.intake.keyed import read_keyed
from bot.intake.roles import read_roles
from bot.intake.sheet import Sheet
from bot.intake.slack_text import LONGEST_TEXT, MOST_WORDS, read_slack
from bot.intake.spelling import mend
from bot.intake.tagging import tag
from bot.models import TrainingRequest


def gather(text: str, *, bot_user: str) -> tuple[TrainingRequest, Refusal | None]:
    """Read every value that a message names; with the refusal, if some of it cannot be."""
    message = read_slack(text, bot_user=bot_user)
    tagged = tag(message.text) if message.text.count(" ") < MOST_WORDS else None
    if message.too_long or tagged is None or len(tagged.text) > LONGEST_TEXT:
        return TrainingRequest(), refusals.too_long(len(text), LONGEST_TEXT)
    sheet = Sheet(tagged.model_copy(update={"text": mend(tagged.text)}))
    read_keyed(sheet)
    read_free_text(sheet)
    read_roles(sheet, positional=True)
    verdicts.look(sheet)
    changes, refusal = verdicts.settle(sheet, None)
    return TrainingRequest(**changes), refusal
