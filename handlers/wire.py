"""One call to Slack's Web API: what an answer, or none, means for whoever called.

Knows no run and no message, and repeats nothing.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.ports import Clock
from handlers.views.text import shorten

#: Seconds for one call; a tick of the watcher must outlive it many times.
TIMEOUT_S = 10
#: The pause after an answer that nobody foresaw, and after Slack's own trouble without a Retry-After.
PAUSE = timedelta(seconds=60)
#: Error codes of chat.postMessage and chat.update (docs.slack.dev/reference/methods).
#: The place cannot be written to: nothing that we can do again helps.
UNREACHABLE = frozenset(
    {
        "not_in_channel", "channel_not_found", "is_archived", "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel", "restricted_action_non_threadable_channel", "no_permission",
        "team_access_not_granted", "ekm_access_denied", "external_channel_migrating", "cannot_dm_bot",
        "messages_tab_disabled", "user_disabled",
    }
)  # fmt: skip
#: Slack's own trouble: whether the call had its effect is not known.
_UNCERTAIN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})


class Late(Exception):
    """It cannot be delivered now; nothing is known to be wrong."""


def make_client(token: str, base_url: str, timeout: int = TIMEOUT_S) -> WebClient:
    """A client that never repeats a call by itself: slack_sdk's default doubles posts whose answer was lost."""
    return WebClient(token=token, base_url=base_url, timeout=timeout, retry_handlers=[])


class Wire:
    """Calls methods, and leaves one alone for as long as Slack asked to. Safe to call from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: Method -> not before. Lost on a restart, which costs one more refusal.
        self._rests: dict[str, datetime] = {}

    def call(self, method: str, call: Callable[..., Any], **arguments: Any) -> Any:
        """One call.

        Raises:
            Late: not now; the call may have had its effect.
            SlackApiError: Slack refused, and the call had no effect.
        """
        if self._rests.get(method, self._clock()) > self._clock():
            raise Late(f"Slack asked to leave {method} alone until {self._rests[method]:%H:%M:%S}")
        try:
            return call(**{name: value for name, value in arguments.items() if value is not None}).data
        except SlackApiError as error:
            status, said = error.response.status_code, code_of(error)
            if is_rate_limit(error):
                self._rests[method] = self._clock() + _retry_after(error)
                raise
            if status >= 500 or said in _UNCERTAIN or not said.replace("_", "").isalnum():
                raise Late(f"{method} answered {status} {shorten(said, 80)}") from error
            raise
        except (OSError, HTTPException, SlackClientError) as error:
            raise Late(f"{method} got no answer: {error!r}") from error


def code_of(error: SlackApiError) -> str:
    """Slack's word for what was wrong; "" where the answer has none."""
    answer = error.response.data if hasattr(error.response, "data") else error.response
    return str(answer.get("error", "")) if isinstance(answer, dict) else ""


def is_rate_limit(error: SlackApiError) -> bool:
    return error.response.status_code == 429 or code_of(error) in ("ratelimited", "rate_limited")


def _retry_after(error: SlackApiError) -> timedelta:
    seconds = error.response.headers.get("Retry-After") or error.response.headers.get("retry-after")
    return timedelta(seconds=float(seconds)) if seconds and str(seconds).replace(".", "").isdigit() else PAUSE
