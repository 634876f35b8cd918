"""Reads messages the way Slack and people do: an independent judge of limits, and a page of text for goldens."""

import re
from collections.abc import Iterator
from typing import Any

import slackblocks
from slack_sdk.models.blocks import Block

from bot.playground.slack_blocks import check_blocks
from handlers.views.messages import Message

Json = dict[str, Any]
#: What Slack acts on: mentions, channels, special words, dates, links.
LIVE = re.compile(r"<[^<>]*>")


def as_page(message: Message) -> str:
    """The message as a person sees it, then as it is read aloud."""
    lines = [f"=== {message.key}"]
    for block in message.blocks:
        match block["type"]:
            case "header":
                lines.append(f"# {block['text']['text']}")
            case "section":
                if "text" in block:
                    lines.append(block["text"]["text"])
                lines += ["| " + field["text"].replace("\n", "\n|   ") for field in block.get("fields", [])]
            case "context":
                lines.append("( " + "  /  ".join(element["text"] for element in block["elements"]) + " )")
            case "actions":
                lines.append("  ".join(_button(element) for element in block["elements"]))
            case "data_visualization":
                lines += _chart(block)
            case kind:
                lines.append(f"[{kind}]")
        lines.append("")
    return "\n".join([*lines, f"read aloud: {message.text}", ""])


def _chart(block: Json) -> list[str]:
    chart = block["chart"]
    axes = chart["axis_config"]
    shown = [f"[{chart['type']} chart: {block['title']}]", f"[{' '.join(axes['categories'])}]"]
    return shown + [f"[{one['name']}: {' '.join(str(at['value']) for at in one['data'])}]" for one in chart["series"]]


def _button(element: Json) -> str:
    words = f"[{element['text']['text']}]"
    if confirm := element.get("confirm"):
        words += f" asks: {confirm['title']['text']} {confirm['text']['text']}"
        words += f" [{confirm['confirm']['text']}] [{confirm['deny']['text']}]"
    return words


def mrkdwn_of(message: Message) -> Iterator[str]:
    """Every text that Slack reads as mrkdwn, the top-level one too."""
    yield message.text
    yield from _mrkdwn(message.blocks)


def _mrkdwn(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if part.get("type") == "mrkdwn":
            yield part["text"]
        for value in part.values():
            yield from _mrkdwn(value)
    elif isinstance(part, list):
        for value in part:
            yield from _mrkdwn(value)


def check(message: Message) -> None:
    """Raise when slack_sdk, slackblocks or the local Slack would not take this message."""
    for blocks in (message.blocks, message.classic or message.blocks):
        known = [block for block in blocks if block["type"] != "data_visualization"]  # slack_sdk 3.47 has no class
        assert [block.to_dict() for block in Block.parse_all(known)] == known
        slackblocks.Message(channel="C1", text=message.text, blocks=[_rebuilt(block) for block in blocks])
        assert check_blocks(blocks, "message") == []
        assert 1 <= len(blocks) <= 50
    assert 1 <= len(message.text) <= 4000


def _rebuilt(block: Json) -> slackblocks.Block:
    """The block, made again with slackblocks' own classes, which check lengths and counts."""
    match block["type"]:
        case "header":
            return slackblocks.HeaderBlock(block["text"]["text"])
        case "section":
            fields = [_text(field) for field in block["fields"]] if "fields" in block else None
            return slackblocks.SectionBlock(_text(block["text"]) if "text" in block else None, fields=fields)
        case "context":
            return slackblocks.ContextBlock([_text(element) for element in block["elements"]])
        case "actions":
            return slackblocks.ActionsBlock([_rebuilt_button(element) for element in block["elements"]])
        case "data_visualization":
            return slackblocks.DataVisualizationBlock(block["title"], _rebuilt_chart(block["chart"]))
        case kind:
            raise AssertionError(f"no message has a {kind} block")


def _rebuilt_chart(chart: Json) -> slackblocks.LineChart | slackblocks.BarChart:
    assert len(chart["series"]) <= 6  # an older page of Slack's documentation says six, the newest twelve
    series = [
        slackblocks.DataSeries(one["name"], [slackblocks.DataPoint(at["label"], at["value"]) for at in one["data"]])
        for one in chart["series"]
    ]
    kind = {"line": slackblocks.LineChart, "bar": slackblocks.BarChart}[chart["type"]]
    return kind(series, slackblocks.AxisConfig(**chart["axis_config"]))


def _rebuilt_button(element: Json) -> slackblocks.Button:
    confirm = element.get("confirm")
    return slackblocks.Button(
        text=slackblocks.Text(element["text"]["text"], type_=slackblocks.TextType.PLAINTEXT),
        action_id=element["action_id"],
        value=element["value"],
        style=element.get("style"),
        confirm=confirm
        and slackblocks.ConfirmationDialogue(
            title=confirm["title"]["text"],
            text=slackblocks.Text(confirm["text"]["text"], type_=slackblocks.TextType.PLAINTEXT),
            confirm=confirm["confirm"]["text"],
            deny=confirm["deny"]["text"],
        ),
        accessibility_label=element.get("accessibility_label"),
    )


def _text(text: Json) -> slackblocks.Text:
    kind = slackblocks.TextType.MARKDOWN if text["type"] == "mrkdwn" else slackblocks.TextType.PLAINTEXT
    return slackblocks.Text(text["text"], type_=kind)
