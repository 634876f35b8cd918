"""One call of the Web API: its arguments, however they were encoded, and what it may touch."""

import json
from dataclasses import dataclass
from typing import Any

from bot.playground.slack_delivery import Delivery
from bot.playground.slack_manifest import Manifest
from bot.playground.slack_people import People
from bot.playground.slack_settings import SlackSettings
from bot.playground.slack_state import BOT_USER, Channel, Json, SlackError, Workspace


@dataclass
class Slack:
    """All parts of the local Slack."""

    workspace: Workspace
    people: People
    delivery: Delivery
    manifest: Manifest
    settings: SlackSettings


@dataclass
class Call:
    """The arguments of one call. Form fields hold JSON as text; JSON bodies hold it as it is."""

    slack: Slack
    arguments: Json
    #: Scheme and host that the caller used: for the addresses in the answer.
    base_url: str

    def text(self, name: str, default: str = "") -> str:
        value = self.arguments.get(name)
        return default if value is None else str(value)

    def need(self, name: str) -> str:
        """Raises SlackError `invalid_arguments`."""
        if not self.text(name):
            said = f"[ERROR] missing required field: {name}"
            raise SlackError("invalid_arguments", response_metadata={"messages": [said]})
        return self.text(name)

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        """Raises SlackError `invalid_arguments`."""
        try:
            return int(self.text(name) or default)
        except ValueError:
            raise SlackError("invalid_arguments") from None

    def json(self, name: str) -> Any:
        """The argument, decoded when it came as text; None: not given.

        Raises:
            SlackError: `invalid_json`, or `invalid_blocks_format` and the like for blocks.
        """
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise SlackError("invalid_blocks_format" if name == "blocks" else "invalid_json") from None

    def channel(self, name: str = "channel", *, member: bool = True) -> Channel:
        """The channel that is named; `member`: the app must be in it.

        Raises:
            SlackError: `channel_not_found`, `not_in_channel`.
        """
        if not self.text(name):
            raise SlackError("channel_not_found")
        found = self.slack.workspace.channel(self.text(name))
        if member and BOT_USER not in found.members:
            raise SlackError("not_in_channel")
        return found
