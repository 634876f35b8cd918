"""Act as people in the local Slack, from a program: for tests and for the headless walk.

Knows the page's API. Does not know the bot, and uses no Slack client library.
"""

import html
import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

Json = dict[str, Any]

NAMES = {
    "U0ASKER": "Research engineer",
    "U0LEAD": "Team lead",
    "U0GUEST": "Guest",
    "U0FTBOT": "tunesmith",
    "USLACKBOT": "Slackbot",
}


class Visitor:
    """Somebody with a browser on the page at `base_url`, who can be any of its people."""

    def __init__(self, base_url: str, *, timeout_s: float = 30.0) -> None:
        self.base_url = base_url.rstrip("/")
        self.timeout_s = timeout_s

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> str:
        """Write a message; returns its ts."""
        answer = self.act("say", user=user, channel=channel, text=text, thread_ts=thread_ts)
        return str(_checked(answer)["ts"])

    def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Change one's own message."""
        _checked(self.act("edit", user=user, channel=channel, ts=ts, text=text))

    def unfurl(self, user: str, channel: str, ts: str) -> None:
        """Let Slack add a preview to one's message: a change that is no edit."""
        _checked(self.act("unfurl", user=user, channel=channel, ts=ts))

    def delete(self, user: str, channel: str, ts: str) -> None:
        """Delete one's own message."""
        _checked(self.act("delete", user=user, channel=channel, ts=ts))

    def command(self, user: str, channel: str, command: str, text: str = "") -> Json | None:
        """Use a slash command; returns the message that its ack carried, or Slack's own about a failure."""
        message: Json | None = self.act("command", user=user, channel=channel, command=command, text=text)["message"]
        return message

    def click(
        self,
        user: str,
        message_ts: str,
        action_id: str,
        *,
        channel: str = "C0FINETUNE",
        value: Any = None,
        values: Json | None = None,
        view_id: str = "",
    ) -> Json:
        """Click a button, or choose `value` (an option's value or label), on a message or in a view.

        Raises:
            LookupError: there is no such message or element.
        """
        where: Json = {"view_id": view_id} if view_id else {"channel": channel, "ts": message_ts}
        answer = self.act("click", user=user, action_id=action_id, value=value, values=values, **where)
        if answer.get("error") in ("message_not_found", "no_such_element", "view_not_found"):
            raise LookupError(f"{answer['error']}: {action_id} on {message_ts or view_id}")
        return answer

    def submit(self, user: str, view_id: str, values: Json | None = None) -> Json:
        """Submit a modal; `values` by action_id or block_id. A refusal has `errors` by block_id."""
        return self.act("submit", user=user, view_id=view_id, values=values or {})

    def close(self, user: str, view_id: str) -> Json:
        return self.act("close", user=user, view_id=view_id)

    def options(self, user: str, action_id: str, words: str, **where: str) -> Json:
        """Type into an external select; `where`: view_id, or channel and ts."""
        return self.act("options", user=user, action_id=action_id, value=words, **where)

    def shortcut(self, user: str, callback_id: str, *, channel: str = "", ts: str = "") -> Json:
        return self.act("shortcut", user=user, callback_id=callback_id, channel=channel, ts=ts)

    def open_home(self, user: str, tab: str = "home") -> Json:
        return self.act("home", user=user, tab=tab)

    def settings(self, **changes: Any) -> Json:
        """Change how the local Slack behaves; see SlackSettings."""
        return _checked(self.act("settings", **changes))

    def disconnect(self, reason: str = "refresh_requested") -> Json:
        """Tell the app's sockets to reconnect; "drop" cuts them off."""
        return self.act("disconnect", reason=reason)

    def messages(self, channel: str = "C0FINETUNE", thread_ts: str | None = None) -> list[Json]:
        """What the channel shows, or a thread with its parent, oldest first."""
        found: list[Json] = self._get("messages", channel=channel, thread_ts=thread_ts or "")["messages"]
        return found

    def ephemerals(self, user: str) -> list[Json]:
        found: list[Json] = self.bootstrap(user)["ephemerals"]
        return found

    def views(self, user: str) -> list[Json]:
        """The open modals, the top one last."""
        found: list[Json] = self.bootstrap(user)["modals"]
        return found

    def home(self, user: str) -> Json | None:
        """The published Home tab; None: the app has published none."""
        found: Json | None = self.bootstrap(user)["home"]
        return found

    def bootstrap(self, user: str) -> Json:
        """Everything that the page shows to `user`."""
        return self._get("bootstrap", user=user)

    def deliveries(self) -> Json:
        """What was sent to the app, and how often it called which method."""
        return self._get("deliveries")

    def wait_for(self, predicate: Callable[[], Any], timeout_s: float = 10.0, *, every_s: float = 0.05) -> Any:
        """Ask until `predicate()` is true, and return what it said.

        Raises:
            TimeoutError: it never was.
        """
        ends = time.monotonic() + timeout_s
        while True:
            if found := predicate():
                return found
            if time.monotonic() > ends:
                raise TimeoutError(f"not so after {timeout_s:g} s: {getattr(predicate, '__doc__', None) or predicate}")
            time.sleep(every_s)

    def act(self, name: str, **arguments: Any) -> Json:
        given = {k: v for k, v in arguments.items() if v is not None}
        return self._fetch(
            Request(  # noqa: S310 - the address is our own server's
                f"{self.base_url}/_slack/{name}",
                data=json.dumps(given).encode(),
                headers={"Content-Type": "application/json"},
                method="POST",
            )
        )

    def _get(self, name: str, **query: str) -> Json:
        given = {k: v for k, v in query.items() if v}
        return self._fetch(Request(f"{self.base_url}/_slack/{name}?{urlencode(given)}"))  # noqa: S310

    def _fetch(self, request: Request) -> Json:
        with urlopen(request, timeout=self.timeout_s) as response:  # noqa: S310
            answer: Json = json.loads(response.read())
        return answer


def _checked(answer: Json) -> Json:
    if not answer["ok"]:
        raise ValueError(f"Slack answered {answer['error']}: {answer.get('detail', '')}".rstrip(": "))
    return answer


# --- a thread as text ---------------------------------------------------------------------------------------------


def as_text(messages: Iterable[Json], names: Mapping[str, str] = NAMES) -> str:
    """Print messages as plain readable text, blocks and all."""
    return "\n\n".join(_message(message, names) for message in messages)


def _message(message: Json, names: Mapping[str, str]) -> str:
    at = datetime.fromtimestamp(float(message["ts"]), UTC).strftime("%H:%M:%S")
    who = names.get(message.get("user", ""), message.get("user", "?"))
    marks = " [only visible to one person]" if message.get("is_ephemeral") else ""
    blocks = [b for b in message.get("blocks", []) if b["type"] != "rich_text"]
    lines = [line for block in blocks for line in _block(block, names)] or _plain(message["text"], names).split("\n")
    lines += [f"[file] {file['title']} ({file['size']} bytes)" for file in message.get("files", [])]
    return "\n".join([f"{who}  {at}{marks}", *(f"  {line}".rstrip() for line in lines)])


def _block(block: Json, names: Mapping[str, str]) -> list[str]:
    match block["type"]:
        case "divider":
            return ["---"]
        case "header":
            return [f"# {block['text']['text']}"]
        case "section":
            texts = [block["text"], *block.get("fields", [])] if "text" in block else block.get("fields", [])
            lines = [line for text in texts for line in _text(text, names).split("\n")]
            return lines + ([_element(block["accessory"])] if "accessory" in block else [])
        case "context":
            return [" · ".join(_text(e, names) if "text" in e else f"[{e['alt_text']}]" for e in block["elements"])]
        case "actions":
            return ["  ".join(_element(element) for element in block["elements"])]
        case "input":
            return [f"{block['label']['text']}: ____"]
        case "image":
            return [f"[picture] {block['alt_text']}"]
        case "markdown":
            return str(block["text"]).split("\n")
        case "table":
            rows = [[str(cell.get("text", cell.get("value", ""))) for cell in row] for row in block["rows"]]
            widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(max(map(len, rows)))]
            return [" | ".join(c.ljust(w) for c, w in zip(row, widths, strict=False)).rstrip() for row in rows]
        case "data_visualization":
            return [f"[chart] {block['title']}", *(_series(s) for s in block["chart"].get("series", []))]
        case kind:
            return [f"[{kind}]"]


def _series(series: Json) -> str:
    points = series["data"]
    ends = f"{points[0]['value']:g} at {points[0]['label']} -> {points[-1]['value']:g} at {points[-1]['label']}"
    return f"        {series['name']}: {ends}, {len(points)} points"


def _element(element: Json) -> str:
    match element["type"]:
        case "button":
            return f"[{element['text']['text']}]"
        case "image":
            return f"[picture: {element['alt_text']}]"
        case kind:
            said = element.get("placeholder", {}).get("text") or kind.replace("_", " ")
            return f"[{said} v]"


def _text(text: Json, names: Mapping[str, str]) -> str:
    return _plain(text["text"], names) if text["type"] == "mrkdwn" else str(text["text"])


def _plain(text: str, names: Mapping[str, str]) -> str:
    """Undo mrkdwn's entities; bold and code keep their marks."""
    text = re.sub(r"<@(\w+)(?:\|[^>]*)?>", lambda m: f"@{names.get(m[1], m[1])}", text)
    text = re.sub(r"<#\w+\|([^>]*)>", r"#\1", text)
    text = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<!(\w+)[^>]*>", r"@\1", text)
    text = re.sub(r"<(https?://[^|>]+)\|([^>]*)>", r"\2 (\1)", text)
    text = re.sub(r"<(https?://[^|>]+)>", r"\1", text)
    return html.unescape(text)
