"""Words that somebody wrote, as the beginning of a form. Does not open it."""

from bot.intake.gathering import gather
from bot.intake.slack_text import read_slack
from bot.models import TrainingRequest
from bot.models.request import HOW_SAID
from handlers.views import text


def fill_in(raw: str, *, whose: str, bot_user: str) -> tuple[TrainingRequest, str]:
    """What the words ask for, and what to say above the fields; mrkdwn. `whose`: "The message says"."""
    words = read_slack(raw, bot_user=bot_user).text
    quoted = f"{whose} {text.quote(words, 160)}." if words else "The message has no text."
    request, refusal = gather(raw, bot_user=bot_user)
    if not any(value is not None for field, value in request if field not in HOW_SAID):
        return request, f"{quoted} I found nothing to fill in."
    problem = f" I could not use all of it: {text.escape(refusal.problem, 200)}" if refusal else ""
    return request, f"{quoted} I filled in what I understood: check it before you send it.{problem}"
