"""What every payload passes first, and where every error ends: the team check and the one error handler.

Does not know what a payload asks for.
"""

import json
import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from slack_bolt import BoltResponse, Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import NotAllowed, UserError
from handlers.modals import REASON
from handlers.views.answers import problem_text, unforeseen_text

log = logging.getLogger(__name__)

_JSON: dict[str, str | Sequence[str]] = {"content-type": ["application/json;charset=utf-8"]}


#: What opened a form too late -> how to do that again; the types of docs.slack.dev/interactivity payloads.
_AGAIN = {
    "command": "Type the command again.",
    "block_actions": "Press the button again.",
    "shortcut": "Choose the shortcut again.",
    "message_action": "Choose the shortcut below the message again.",
}


class NoBodies(logging.Filter):
    """Keeps Bolt from writing whole unauthenticated bodies into the log; the refusal itself is logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = "refused a request whose signature is not Slack's"
        record.args = ()
        return True


#: One instance, so that building the app twice does not filter twice.
_NO_BODIES = NoBodies()


def quiet_verification() -> None:
    """Put the filter on Bolt's logger for signatures (slack_bolt.middleware.request_verification)."""
    logging.getLogger("slack_bolt.RequestVerification").addFilter(_NO_BODIES)


def teams_of(body: dict[str, Any]) -> set[str]:
    """Every workspace that a payload says it, or its sender, belongs to."""
    event = body.get("event") or {}
    written = event.get("message") or event.get("previous_message") or {}
    user = body.get("user")
    found = {
        body.get("team_id"),
        (body.get("team") or {}).get("id"),
        user.get("team_id") if isinstance(user, dict) else None,
        event.get("user_team"),
        event.get("team"),
        event.get("source_team"),
        written.get("user_team"),
        written.get("team"),
    }
    return {team for team in found if isinstance(team, str) and team}


def check_team(team_id: str) -> Callable[..., BoltResponse | None]:
    """Make the middleware that serves one workspace only, also in channels that it shares with others.

    Bolt does not check this: with one token it runs listeners for any payload.
    """

    def only_our_team(body: dict[str, Any], next: Callable[[], BoltResponse]) -> BoltResponse | None:
        foreign = teams_of(body) - {team_id}
        if not foreign:
            return next()
        log.info("refused somebody of team %s", ", ".join(sorted(foreign)))
        if "event" in body:
            # Other workspaces' people talk in shared channels all the time; they are not answered.
            return BoltResponse(status=200, body="")
        raise NotAllowed(
            "You belong to another workspace than the one that I work for.", "Ask a member of that workspace to do it."
        )

    return only_our_team


def tell_error(error: Exception, body: dict[str, Any], client: WebClient, respond: Respond) -> BoltResponse:
    """Answer an exception of any listener: a UserError in words, anything else by a reference into the log."""
    if isinstance(error, SlackApiError) and "trigger" in str(error.response.get("error")):
        # docs.slack.dev/reference/methods/views.open: a trigger lives three seconds
        error = UserError("Slack was too slow to open the form.", _AGAIN.get(_kind(body), "Try again."))
    if isinstance(error, UserError):
        words = problem_text(error)
    else:
        reference = secrets.token_hex(4)
        log.error("serving a %s: reference %s", _kind(body), reference, exc_info=error)
        words = unforeseen_text(reference)
    try:
        return _answer(words, body, client, respond)
    except (SlackClientError, OSError) as failure:
        log.warning("telling an error to its user: %s", failure)
        return BoltResponse(status=200, body="")


def _answer(words: str, body: dict[str, Any], client: WebClient, respond: Respond) -> BoltResponse:
    match _kind(body):
        case "command":
            return _json({"response_type": "ephemeral", "text": words})
        case "view_submission":
            # what concerns no field stands below the first one
            first = next(iter(body["view"]["state"]["values"]), REASON)
            return _json({"response_action": "errors", "errors": {first: words.replace("*", "")}})
        case "event_callback":
            event = body["event"]
            # an edit holds the message as it is now
            written = event.get("message") or event
            if written.get("user") and event.get("channel") and event.get("type") in ("app_mention", "message"):
                thread = {"thread_ts": written["thread_ts"]} if written.get("thread_ts") else {}
                client.chat_postEphemeral(channel=event["channel"], user=written["user"], text=words, **thread)
        case _:
            if body.get("response_url"):
                respond(text=words, response_type="ephemeral", replace_original=False)
    return BoltResponse(status=200, body="")


def _json(answer: dict[str, Any]) -> BoltResponse:
    return BoltResponse(status=200, body=json.dumps(answer), headers=_JSON)


def _kind(body: dict[str, Any]) -> str:
    return "command" if "command" in body else str(body.get("type", "request"))
