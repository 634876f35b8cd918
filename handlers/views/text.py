"""How words, numbers and times look in Slack, and how foreign text is made harmless.

Pure strings in, strings out. Does not build blocks and knows no run. Everything that a person, the Hub or a log wrote
passes `escape`, `code`, `quote`, `fence` or `plain` before it reaches a message: the only live control sequences
(`<...>`) are the mentions, links and dates made here.
"""

import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

# amounts read the same in the planner's sentences and on the cards
from bot.amounts import about as about
from bot.amounts import about_money as about_money
from bot.amounts import ceiling as ceiling
from bot.amounts import duration as duration
from bot.amounts import money as money
from bot.amounts import money_span as money_span
from bot.amounts import number as number
from bot.amounts import percent as percent
from bot.amounts import rough as rough
from bot.amounts import size as size
from bot.amounts import span as span
from bot.amounts import typed_money as typed_money

#: What mrkdwn and top-level text interpret; docs.slack.dev/messaging/formatting-message-text, "Escaping text".
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
#: Addresses of the Hub look like this; anything else is not made into a link.
_URL = re.compile(r"https?://[\w.:-]+(/[\w./~%@+=?&#-]*)?", re.ASCII)
#: What mrkdwn reads as formatting; an underscore inside a word is none.
_MARKS = re.compile(r"[`*~]|(?<![^\W_])_|_(?![^\W_])")
_SPARKS = "▁▂▃▄▅▆▇█"


def clean(text: str) -> str:
    """Drop characters that hide or reorder text (controls, bidi marks, zero-width, surrogates); keep line ends."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char for char in text if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co"}
    )


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


def shorten(text: str, limit: int) -> str:
    """Cut at `limit` code points, with an ellipsis as the last one."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def escape(text: str, limit: int | None = None) -> str:
    """Make text inert in mrkdwn. With a limit the result has at most that many code points and no half entity."""
    text = clean(text if limit is None else text[: 4 * limit])
    whole = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if limit is None or len(whole) <= limit:
        return whole
    kept, length = [], 1
    for char in text:
        piece = _ENTITIES.get(char, char)
        if (length := length + len(piece)) > limit:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + "…"


def plain(text: str, limit: int) -> str:
    """Text for a plain_text object, which needs no entities; angle brackets are replaced all the same."""
    return shorten(one_line(text).replace("<", "‹").replace(">", "›"), limit)


def code(text: str, limit: int = 120) -> str:
    """An inline code span."""
    inside = escape(one_line(text).replace("`", "ˋ"), limit)
    return f"`{inside}`" if inside else "_nothing_"


def quote(text: str, limit: int = 300) -> str:
    """Somebody's words, in quotation marks, on one line and without mrkdwn's own marks; names like max_steps stay."""
    return f"“{escape(_MARKS.sub('', one_line(text)), limit)}”"


def fence(lines: Iterable[str], limit: int = 2600) -> str:
    """A code block of the last lines that fit."""
    kept: list[str] = []
    room = limit
    for line in reversed(list(lines)):
        safe = escape(line.replace("```", "ˋˋˋ"), 400)
        if (room := room - len(safe) - 1) < 0:
            break
        kept.append(safe)
    return "```\n" + "\n".join(reversed(kept)) + "\n```"


def listing(lines: Iterable[str], limit: int = 2600) -> str:
    """Bulleted lines, as many as fit; the last line counts what was left out. The lines are mrkdwn already."""
    items = [f"•  {line}" for line in lines]
    kept: list[str] = []
    room = limit
    for item in items:
        if (room := room - len(item) - 1) < 0:
            return "\n".join([*kept, f"•  … and {len(items) - len(kept)} more"])
        kept.append(item)
    return "\n".join(kept)


def mention(user: str) -> str:
    """A live mention of a Slack user; anything that is no user id is shown as inert text."""
    return f"<@{user}>" if _USER.fullmatch(user) else escape(user, 80)


def mentions(users: Iterable[str], limit: int = 5) -> str:
    """ "<@U1>, <@U2> or <@U3>" """
    names = [mention(user) for user in users]
    if len(names) > limit:
        names = [*names[:limit], f"{len(names) - limit} others"]
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def link(url: str, label: str) -> str:
    """A live link; an address that is not plain http(s) is shown as inert text."""
    if not _URL.fullmatch(url) or len(url) > 1000:
        return f"{escape(label, 150)} ({escape(url, 200)})"
    return f"<{url.replace('&', '&amp;')}|{escape(one_line(label).replace('|', '¦'), 150)}>"


def permalink(workspace_url: str, channel: str, ts: str | None) -> str:
    """The address of a message, as Slack's own "Copy link" gives it; "" where the workspace or the message is unknown.

    `workspace_url` is the one that auth.test names: "https://acme.slack.com/".
    """
    if not workspace_url or not ts:
        return ""
    return f"{workspace_url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"


# --- numbers ----------------------------------------------------------------------------------------------------


def count(number: float) -> str:
    return f"{number:,.0f}"


def counted(number: int, noun: str) -> str:
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


# --- times and curves -------------------------------------------------------------------------------------------


def plain_date(at: datetime) -> str:
    """For text that is read aloud: everybody's clock is UTC there."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %H:%M} UTC"


def date(at: datetime) -> str:
    """A live date that each reader sees in their own time zone."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{plain_date(at)}>"


def bar(done: float, width: int = 20) -> str:
    """A progress bar of `width` characters; full only when all is done."""
    done = min(max(done, 0.0), 1.0)
    filled = math.floor(done * width)
    return "█" * filled + "░" * (width - filled)


def sparkline(values: Iterable[float], width: int = 16) -> str:
    """A curve of block characters, thinned to `width`; values that are no numbers become a cross."""
    points = list(values)
    if len(points) < 2:
        return ""
    if len(points) > width:
        points = [points[round(index * (len(points) - 1) / (width - 1))] for index in range(width)]
    finite = [value for value in points if math.isfinite(value)]
    if not finite:
        return "×" * len(points)
    low, high = min(finite), max(finite)
    scale = (len(_SPARKS) - 1) / (high - low) if high > low else 0.0
    return "".join(_SPARKS[round((value - low) * scale)] if math.isfinite(value) else "×" for value in points)
