"""Web API: views.*. Sources: docs.slack.dev/reference/methods/views.open and its siblings."""

from bot.playground.slack_blocks import check_view, with_ids
from bot.playground.slack_call import Call
from bot.playground.slack_state import Json, SlackError, View

#: A stack of modals is at most this high.
MAX_STACK = 3


def _wire(call: Call, kind: str) -> Json:
    view = call.json("view")
    if view is None:
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: view"]})
    if problems := check_view(view):
        raise SlackError("invalid_arguments", response_metadata={"messages": problems})
    if view["type"] != kind:
        said = f'[ERROR] must provide a "type" of "{kind}" [json-pointer:/view/type]'
        raise SlackError("invalid_arguments", response_metadata={"messages": [said]})
    external = view.get("external_id")
    others = call.slack.workspace.views.values()
    if external and any(v.wire.get("external_id") == external and v.id != call.text("view_id") for v in others):
        raise SlackError("duplicate_external_id")
    wire: Json = view | {"blocks": with_ids(view["blocks"])}
    return wire


def _answer(call: Call, view: View) -> Json:
    return {"view": call.slack.workspace.view_wire(view)}


def _trigger(call: Call) -> str:
    return call.slack.people.triggers.exchange(call.text("trigger_id") or call.need("interactivity_pointer"))


def open_(call: Call) -> Json:
    wire = _wire(call, "modal")
    user = _trigger(call)
    # A new modal replaces the stack that was open.
    call.slack.workspace.close_views(user, call.slack.workspace.modals[user])
    return _answer(call, call.slack.workspace.open_view(user, wire))


def push(call: Call) -> Json:
    wire = _wire(call, "modal")
    user = _trigger(call)
    stack = call.slack.workspace.modals[user]
    if not stack:
        raise SlackError("not_found")
    if len(stack) >= MAX_STACK:
        raise SlackError("push_limit_reached")
    return _answer(call, call.slack.workspace.open_view(user, wire, previous=call.slack.workspace.views[stack[-1]]))


def update(call: Call) -> Json:
    views = call.slack.workspace.views
    if external := call.text("external_id"):
        view = next((v for v in views.values() if v.wire.get("external_id") == external), None)
    else:
        view = views.get(call.need("view_id"))
    if view is None:
        raise SlackError("not_found")
    if call.text("hash") and call.text("hash") != view.hash:
        raise SlackError("hash_conflict")
    call.arguments["view_id"] = view.id
    call.slack.workspace.replace_view(view, _wire(call, view.wire["type"]))
    return _answer(call, view)


def publish(call: Call) -> Json:
    user = call.slack.workspace.user(call.need("user_id"))
    home = call.slack.workspace.homes.get(user.id)
    if call.text("hash") and home and call.text("hash") != home.hash:
        raise SlackError("hash_conflict")
    if not call.slack.manifest.home_tab:
        raise SlackError("not_enabled")
    return _answer(call, call.slack.workspace.publish_home(user.id, _wire(call, "home")))
