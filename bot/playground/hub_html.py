"""The look of the local Hub's pages: one layout, the style sheet, and small pieces of HTML.

Everything that comes from outside is escaped here or by its caller; cards are rendered without their raw HTML. Does not
know repositories or jobs.
"""

import html
import re
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web
from markdown_it import MarkdownIt

_STYLE = Path(__file__).with_name("hub.css").read_text()

_CARD = MarkdownIt("commonmark", {"html": False}).enable("table").enable("strikethrough")


def page(title: str, body: str, *, refresh_s: int | None = None, status: int = 200) -> web.Response:
    """A whole page; it loads itself again after `refresh_s` seconds. `body` is HTML."""
    refresh = f'<meta http-equiv="refresh" content="{refresh_s}">' if refresh_s else ""
    text = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">{refresh}
<title>{html.escape(title)}</title><style>{_STYLE}</style></head>
<body><header class="top"><div><a href="/"><b>Tunesmith Hub</b></a><a href="/#models">Models</a>
<a href="/#datasets">Datasets</a><a href="/#jobs">Jobs</a><span>a Hub on your own machine</span></div></header>
<main>{body}</main></body></html>"""
    # the pages need no script: whatever a card smuggles in would not run
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
    headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
    return web.Response(text=text, content_type="text/html", status=status, headers=headers)


def link(address: str, text: str) -> str:
    return f'<a href="{html.escape(address)}">{html.escape(text)}</a>'


def tags(names: Iterable[str]) -> str:
    return '<div class="tags">' + "".join(f'<span class="tag">{html.escape(name)}</span>' for name in names) + "</div>"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names and values; the values are HTML."""
    return "<dl>" + "".join(f"<dt>{html.escape(name)}</dt><dd>{value}</dd>" for name, value in pairs) + "</dl>"


def card(markdown: str) -> str:
    """Render a card's text."""
    return f'<article class="card">{_CARD.render(markdown)}</article>'


def size(count: int) -> str:
    """Write a number of bytes as the Hub does: 412 Bytes, 34.3 kB, 1.2 MB."""
    if count < 1000:
        return f"{count} Bytes"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.3g} {unit}"
    return f"{value / 1000:.3g} TB"


def plain(text: str) -> str:
    """A log line without the colours of a terminal, escaped."""
    return html.escape(re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text).rsplit("\r", 1)[-1])
