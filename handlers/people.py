"""Who somebody is, according to Slack, at the time they act.

Fails closed: when Slack does not say, nobody is anybody. Does not decide what a person may do: bot.policy does.
"""

import threading
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.errors import UserError
from bot.policy import Person
from bot.ports import Clock

#: A guest who is made a member, or a member who left, is noticed after this at the latest.
TTL = timedelta(minutes=5)
_KEPT = 1000


class People:
    """Looks people up through users.info. Safe to call from several threads."""

    def __init__(self, client: WebClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[datetime, Person]] = {}

    def person(self, user_id: str) -> Person:
        """Say who this is.

        Raises:
            UserError: Slack does not answer, or knows nobody of this id; nothing was done.
        """
        now = self._clock()
        with self._lock:
            known = self._known.get(user_id)
        if known is not None and now - known[0] < TTL:
            return known[1]
        try:
            person = read_person(self._client.users_info(user=user_id).data["user"])  # type: ignore[call-overload] # bytes: files only
        except (SlackClientError, OSError, HTTPException, KeyError) as error:
            raise UserError(
                "Slack does not tell me who you are at the moment, so I did nothing.", "Try again in a minute."
            ) from error
        with self._lock:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[user_id] = (now, person)
        return person


def read_person(user: dict[str, Any]) -> Person:
    """The part of a users.info answer that decides; docs.slack.dev/reference/objects/user-object."""
    profile = user.get("profile") or {}
    return Person(
        id=user["id"],
        team_id=user.get("team_id") or profile.get("team") or "",
        name=profile.get("display_name") or user.get("real_name") or user.get("name") or "",
        is_bot=bool(user.get("is_bot")) or bool(user.get("is_workflow_bot")),
        is_guest=bool(user.get("is_restricted")) or bool(user.get("is_ultra_restricted")),
        is_stranger=bool(user.get("is_stranger")),
        deleted=bool(user.get("deleted")),
    )
