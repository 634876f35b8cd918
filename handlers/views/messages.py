"""One message as a value: what is seen (blocks), what is read aloud (text), and the name it is remembered by.

Knows Slack's limits for a message. Does not know runs, and sends nothing.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    HeaderBlock,
    InteractiveElement,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from bot.models import Value
from handlers.views import text
from handlers.views.chart import Chart

#: docs.slack.dev/reference/block-kit; a test checks each built message with an independent validator too.
BLOCKS_LIMIT, HEADER_LIMIT, SECTION_LIMIT, FIELD_LIMIT = 50, 150, 3000, 2000
FIELDS_LIMIT = 10
#: chat.update refuses more (`msg_too_long`); chat.postMessage takes 40,000.
TEXT_LIMIT = 4000


class Message(Value):
    """One Slack message of a thread."""

    #: Unique in its thread; once shown it keeps its meaning.
    key: str
    #: A complete summary in sentences: notifications and screen readers have nothing else.
    text: str
    #: Block Kit, as it goes over the wire.
    blocks: list[dict[str, Any]]
    #: The same without charts, for workspaces that refuse them; empty: there is no chart in it.
    classic: list[dict[str, Any]] = []
    #: Said in the channel too: once, for the end of what cost money.
    broadcast: bool = False

    @property
    def digest(self) -> str:
        """Name this exact content: 16 hexadecimal digits of a SHA-256."""
        return fingerprint(self.text, json.dumps(self.blocks, sort_keys=True))


def fingerprint(*parts: str) -> str:
    """Name some text: 16 hexadecimal digits of a SHA-256."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def make_message(
    key: str, sentences: Sequence[str], blocks: Sequence[Block | Chart], *, broadcast: bool = False
) -> Message:
    """Build a message; slack_sdk checks each block's limits, and empty sentences are left out."""
    spoken = " ".join(sentence for sentence in sentences if sentence.strip()) or "—"
    assert len(blocks) <= BLOCKS_LIMIT, f"{key}: {len(blocks)} blocks"
    assert len(spoken) <= TEXT_LIMIT, f"{key}: {len(spoken)} characters of text"
    shown = [block.block if isinstance(block, Chart) else block.to_dict() for block in blocks]
    classic: list[dict[str, Any]] = []
    if any(isinstance(block, Chart) for block in blocks):
        classic = [(section(block.instead) if isinstance(block, Chart) else block).to_dict() for block in blocks]
    return Message(key=key, text=spoken, blocks=shown, classic=classic, broadcast=broadcast)


def header(words: str) -> Block:
    return HeaderBlock(text=PlainTextObject(text=text.plain(words, HEADER_LIMIT) or "Fine-tuning", emoji=False))


def section(mrkdwn: str) -> Block:
    """A paragraph. What is passed is mrkdwn: foreign parts are escaped already."""
    return SectionBlock(text=MarkdownTextObject(text=_checked(mrkdwn, SECTION_LIMIT), verbatim=True))


def fields(*pairs: tuple[str, str]) -> Block:
    """Labelled facts in two columns; pairs without a value are left out."""
    shown = [(label, value) for label, value in pairs if value]
    assert len(shown) <= FIELDS_LIMIT, shown
    return SectionBlock(
        fields=[
            MarkdownTextObject(text=_checked(f"*{label}*\n{value}", FIELD_LIMIT), verbatim=True)
            for label, value in shown
        ]
    )


def context(*mrkdwn: str) -> Block:
    """Small grey text; each argument is its own element, empty ones are left out."""
    return ContextBlock(
        elements=[MarkdownTextObject(text=_checked(part, FIELD_LIMIT), verbatim=True) for part in mrkdwn if part]
    )


def buttons(block_id: str, *elements: ButtonElement) -> Block:
    row: list[dict[str, Any] | InteractiveElement] = list(elements)
    return ActionsBlock(block_id=block_id, elements=row)


def _checked(mrkdwn: str, limit: int) -> str:
    assert len(mrkdwn) <= limit, f"{len(mrkdwn)} characters of {limit}: {mrkdwn[:80]}"
    return mrkdwn if mrkdwn.strip() else "—"  # Slack refuses empty text
