"""What the app's manifest says that a workspace must know: commands, shortcuts, events, scopes.

Knows the manifest's layout. Does not validate it (tests do) and does not read files.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict


class SlashCommand(BaseModel):
    """One slash command, as the composer hints at it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    command: str
    description: str = ""
    usage_hint: str = ""
    #: Slack turns @names, #channels and links in the text into <...> entities.
    should_escape: bool = False


class Shortcut(BaseModel):
    """An entry of the lightning menu (global) or of a message's menu (message)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    type: str
    callback_id: str
    description: str = ""


class Manifest(BaseModel):
    """The app as the workspace installed it."""

    model_config = ConfigDict(frozen=True)

    commands: tuple[SlashCommand, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    #: None: the manifest names none, so every event is sent.
    events: frozenset[str] | None = None
    #: None: the manifest names none, so every method is allowed.
    scopes: frozenset[str] | None = None
    name: str = "Tunesmith"
    description: str = ""
    home_tab: bool = True
    messages_tab: bool = True

    @classmethod
    def from_dict(cls, manifest: Mapping[str, Any]) -> "Manifest":
        """Read a parsed manifest.yml; what it does not say keeps its default."""
        features = manifest.get("features") or {}
        settings = manifest.get("settings") or {}
        scopes = ((manifest.get("oauth_config") or {}).get("scopes") or {}).get("bot")
        optional = ((manifest.get("oauth_config") or {}).get("scopes") or {}).get("bot_optional") or ()
        events = (settings.get("event_subscriptions") or {}).get("bot_events")
        information = manifest.get("display_information") or {}
        home = features.get("app_home") or {}
        return cls(
            commands=tuple(SlashCommand.model_validate(c) for c in features.get("slash_commands") or ()),
            shortcuts=tuple(Shortcut.model_validate(s) for s in features.get("shortcuts") or ()),
            events=None if events is None else frozenset(events),
            scopes=None if scopes is None else frozenset(scopes) | frozenset(optional),
            name=information.get("name") or "Tunesmith",
            description=information.get("description") or "",
            home_tab=bool(home.get("home_tab_enabled", True)),
            messages_tab=bool(home.get("messages_tab_enabled", True)),
        )

    def wants(self, event: str) -> bool:
        """Whether the app subscribed to `event` ("app_mention", "message.im")."""
        return self.events is None or event in self.events

    def command(self, name: str) -> SlashCommand | None:
        """The slash command of that name; None: nobody registered it."""
        return next((c for c in self.commands if c.command == name), None)
