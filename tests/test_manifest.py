"""manifest.yml says exactly what the code uses: commands, events, interactivity, scopes."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from slack_sdk import WebClient

from bot.manifest import read_manifest
from handlers.views.form import ELEMENT
from handlers.views.form_fields import BY_NAME, FIELDS, Kind

ROOT = Path(__file__).parent.parent
MANIFEST = read_manifest()
#: Scopes of the Web API methods that we call; docs.slack.dev/reference/methods. () needs none.
_HISTORY = ("channels:history", "groups:history", "im:history")
METHOD_SCOPES = {
    "auth_test": (),
    "apps_connections_open": (),  # the app-level token's connections:write, which no manifest grants
    "chat_postEphemeral": ("chat:write",),
    "chat_postMessage": ("chat:write",),
    "chat_update": ("chat:write",),
    "files_upload_v2": ("files:write",),
    "conversations_history": _HISTORY,
    "conversations_open": ("im:write",),
    "conversations_replies": _HISTORY,
    "users_info": ("users:read",),
    "views_open": (),
    "views_publish": (),
    "views_update": (),
}
#: docs.slack.dev/reference/events
EVENT_SCOPES = {
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
}


def handler_trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / "handlers").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def listeners(kind: str) -> set[str]:
    """What is registered with `@app.<kind>(...)`; names are looked up in their module."""
    found = set()
    for module, tree in handler_trees():
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == f"app.{kind}":
                value = eval(ast.unparse(call.args[0]), vars(importlib.import_module(module)))
                found.add(value.pattern if isinstance(value, re.Pattern) else value)
    return found


def methods() -> set[str]:
    """The Web API methods that the code names on any client."""
    names = {name for name in dir(WebClient) if "_" in name.strip("_") and not name.startswith("_")}
    return {
        node.attr
        for _, tree in handler_trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in names and "client" in ast.unparse(node.value)
    }


def test_each_command_of_the_manifest_is_listened_to_and_the_other_way_round():
    declared = {command["command"] for command in MANIFEST["features"]["slash_commands"]}
    assert declared == listeners("command") == {"/finetune"}


def test_each_event_of_the_manifest_is_listened_to_and_the_other_way_round():
    declared = set(MANIFEST["settings"]["event_subscriptions"]["bot_events"])
    assert {name.partition(".")[0] if name.startswith("message.") else name for name in declared} == listeners("event")


@pytest.mark.parametrize("kind", ["global", "message"])
def test_each_shortcut_of_the_manifest_is_listened_to_as_its_kind_and_the_other_way_round(kind):
    declared = {it["callback_id"] for it in MANIFEST["features"]["shortcuts"] if it["type"] == kind}
    assert declared == listeners(f"{kind}_shortcut")
    assert len(declared) == 1


def test_interactivity_is_on_because_there_are_buttons_and_forms():
    assert listeners("action")
    assert listeners("view")
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] is True


def test_each_select_that_is_looked_up_has_a_listener_and_http_is_told_where_slack_asks_it():
    [pattern] = listeners("options")
    fields = [field.name for field in FIELDS if field.kind is Kind.NAME]
    assert [name for name in BY_NAME if re.fullmatch(pattern, f"{ELEMENT}.{name}")] == fields
    assert "message_menu_options_url: https://YOUR-HOST/slack/events" in (ROOT / "manifest.yml").read_text("utf-8")


def test_the_home_tab_and_direct_messages_are_on_because_the_code_serves_them():
    assert MANIFEST["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }


def test_the_scopes_are_those_of_the_methods_and_events_in_use_and_no_more():
    events = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
    needed = {scope for method in methods() for scope in METHOD_SCOPES[method]}
    needed |= {scope for event in events for scope in EVENT_SCOPES[event]} | {"commands"}
    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == needed


def test_the_table_of_methods_lists_what_is_called_and_nothing_else():
    assert methods() == set(METHOD_SCOPES)


def test_the_manifest_keeps_the_limits_of_slacks_schema():
    about, features = MANIFEST["display_information"], MANIFEST["features"]
    assert 1 <= len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4000
    assert re.fullmatch("#[0-9a-f]{6}", about["background_color"])
    assert len(features["bot_user"]["display_name"]) <= 80
    for shortcut in features["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
        assert len(shortcut["callback_id"]) <= 255
    for command in features["slash_commands"]:
        assert re.fullmatch(r"/[a-z-]{1,31}", command["command"])
        assert len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000
    assert MANIFEST["settings"]["socket_mode_enabled"] is True


def test_each_scope_has_a_reason_beside_it():
    lines = (ROOT / "manifest.yml").read_text(encoding="utf-8").splitlines()
    for scope in MANIFEST["oauth_config"]["scopes"]["bot"]:
        assert any(re.search(rf"- {re.escape(scope)} # \S", line) for line in lines), scope
