"""Whether Slack would take these blocks: types, required parts, lengths, counts, surfaces.

Knows the limits of Block Kit. Does not render. Sources: docs.slack.dev/reference/block-kit and the limit registry of
the slackblocks package. Unknown parts are refused as Slack does, with a JSON pointer to the place.
"""

import secrets
import string
from typing import Any

from bot.playground.slack_state import Json

_MESSAGE = "actions card carousel container context context_actions data_table data_visualization divider file header"
_MESSAGE += " image input markdown plan rich_text section table task_card video"
_MODAL = "actions alert card context divider header image input rich_text section video"
_HOME = "actions card carousel container context data_table data_visualization divider header image input rich_text"
_HOME += " section table video"
SURFACES = {
    "message": frozenset(_MESSAGE.split()),
    "modal": frozenset(_MODAL.split()),
    "home": frozenset(_HOME.split()),
}
MAX_BLOCKS = {"message": 50, "modal": 100, "home": 100}

_SELECTS = "static_select external_select users_select conversations_select channels_select"
_MULTI = " ".join(f"multi_{name}" for name in _SELECTS.split())
_PICKERS = "datepicker timepicker datetimepicker"
_CHOICES = "radio_buttons checkboxes"
_WHERE = {
    "actions": frozenset(f"button overflow workflow_button {_SELECTS} {_MULTI} {_PICKERS} {_CHOICES}".split()),
    "accessory": frozenset(f"image button overflow workflow_button {_SELECTS} {_MULTI} {_PICKERS} {_CHOICES}".split()),
    "input": frozenset(
        f"plain_text_input number_input email_text_input url_text_input rich_text_input file_input"
        f" {_SELECTS} {_MULTI} {_PICKERS} {_CHOICES}".split()
    ),
}

#: Properties of each block beside type and block_id: (required, optional). A block that is not here is only checked
#: for its surface.
_BLOCKS: dict[str, tuple[str, str]] = {
    "actions": ("elements", ""),
    "context": ("elements", ""),
    "divider": ("", ""),
    "file": ("external_id source", ""),
    "header": ("text", "level"),
    "image": ("alt_text", "image_url slack_file title"),
    "input": ("label element", "hint optional dispatch_action"),
    "markdown": ("text", ""),
    "rich_text": ("elements", ""),
    "section": ("", "text fields accessory expand"),
    "table": ("rows", "column_settings"),
    "data_visualization": ("title chart", ""),
}
_TEXTS = "action_id placeholder focus_on_load dispatch_action_config initial_value"
_CHOICE = "action_id options initial_option initial_options confirm focus_on_load placeholder option_groups"
_ELEMENTS: dict[str, tuple[str, str]] = {
    "button": ("text", "action_id url value style confirm accessibility_label agent_prompt"),
    "overflow": ("options", "action_id confirm"),
    "static_select": ("", _CHOICE),
    "external_select": ("", "action_id placeholder initial_option min_query_length confirm focus_on_load"),
    "conversations_select": (
        "",
        "action_id placeholder initial_conversation default_to_current_conversation filter confirm focus_on_load"
        " response_url_enabled",
    ),
    "radio_buttons": ("options", "action_id initial_option confirm focus_on_load"),
    "checkboxes": ("options", "action_id initial_options confirm focus_on_load"),
    "plain_text_input": ("", f"{_TEXTS} multiline min_length max_length"),
    "number_input": ("is_decimal_allowed", f"{_TEXTS} min_value max_value"),
    "email_text_input": ("", _TEXTS),
    "url_text_input": ("", _TEXTS),
    "image": ("alt_text", "image_url slack_file"),
}


def check_blocks(blocks: Any, surface: str) -> list[str]:
    """What Slack would complain about, in its style; empty: nothing."""
    checker = _Checker(surface)
    checker.blocks(blocks)
    return checker.problems


def check_view(view: Any) -> list[str]:
    """As check_blocks, for a whole modal or Home tab."""
    if not isinstance(view, dict) or view.get("type") not in ("modal", "home"):
        return ['[ERROR] must provide a "type" of "modal" or "home" [json-pointer:/type]']
    checker = _Checker(str(view["type"]))
    if view["type"] == "modal":
        for name in ("title", "submit", "close"):
            checker.text(view.get(name), f"/{name}", 24, plain=True, required=name == "title")
        has_input = any(isinstance(b, dict) and b.get("type") == "input" for b in view.get("blocks") or ())
        if has_input and not view.get("submit"):
            checker.add("missing required field: submit (the view has an input block)", "/submit")
    checker.length(view.get("private_metadata"), "/private_metadata", 3000)
    checker.length(view.get("callback_id"), "/callback_id", 255)
    checker.length(view.get("external_id"), "/external_id", 255)
    checker.blocks(view.get("blocks"))
    return checker.problems


def check_options(groups: Any) -> list[str]:
    """As check_blocks, for what an app offers in an external select."""
    checker = _Checker("modal")
    if checker.count(groups, "/option_groups", 100, 0) and sum(len(g.get("options") or ()) for g in groups) > 100:
        checker.add("no more than 100 options allowed", "/option_groups")
    for index, group in enumerate(groups):
        checker.text(group.get("label"), f"/option_groups/{index}/label", 75, plain=True, required=False)
        checker.options(group.get("options"), f"/option_groups/{index}/options", 100)
    return checker.problems


def with_ids(blocks: list[Json]) -> list[Json]:
    """Give every block and interactive element the id that Slack would make up for it."""
    filled = []
    for block in blocks:
        block = {**block, "block_id": block.get("block_id") or _made_up()}
        for name in ("element", "accessory"):
            if isinstance(block.get(name), dict) and block[name].get("type") != "image":
                block[name] = {**block[name], "action_id": block[name].get("action_id") or _made_up()}
        if block.get("type") == "actions":
            block["elements"] = [{**e, "action_id": e.get("action_id") or _made_up()} for e in block["elements"]]
        filled.append(block)
    return filled


def elements(blocks: list[Json]) -> list[tuple[Json, Json]]:
    """Every interactive element, with its block."""
    found = []
    for block in blocks:
        inside = [block.get("element"), block.get("accessory")]
        inside += block.get("elements", []) if block.get("type") == "actions" else []
        found += [(block, e) for e in inside if isinstance(e, dict) and "action_id" in e]
    return found


def _made_up() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(5))


class _Checker:
    def __init__(self, surface: str) -> None:
        self.surface = surface
        self.problems: list[str] = []

    def add(self, problem: str, where: str) -> None:
        self.problems.append(f"[ERROR] {problem} [json-pointer:{where}]")

    def length(self, value: Any, where: str, most: int, least: int = 0) -> None:
        if value is None:
            return
        if not isinstance(value, str):
            self.add("must be a string", where)
        elif len(value) > most:
            self.add(f"must be less than {most + 1} characters", where)
        elif len(value) < least:
            self.add(f"must be more than {least - 1} characters", where)

    def count(self, values: Any, where: str, most: int, least: int = 1) -> list[Any]:
        if not isinstance(values, list):
            self.add("must be an array", where)
            return []
        if len(values) > most:
            self.add(f"no more than {most} items allowed", where)
        if len(values) < least:
            self.add(f"no fewer than {least} items allowed", where)
        return values

    def text(self, value: Any, where: str, most: int, *, plain: bool = False, required: bool = True) -> None:
        if value is None:
            if required:
                self.add(f"missing required field: {where.rsplit('/', 1)[-1]}", where.rsplit("/", 1)[0] or "/")
            return
        kinds = ("plain_text",) if plain else ("plain_text", "mrkdwn")
        if not isinstance(value, dict) or value.get("type") not in kinds:
            self.add(f"unsupported type: must be {' or '.join(kinds)}", f"{where}/type")
            return
        for key in value.keys() - {"type", "text", "emoji", "verbatim"}:
            self.add(f"invalid additional property: {key}", where)
        if "text" not in value:
            self.add("missing required field: text", where)
        self.length(value.get("text"), f"{where}/text", most, 1)

    def properties(self, value: Json, where: str, required: str, optional: str) -> None:
        for key in required.split():
            if key not in value:
                self.add(f"missing required field: {key}", where)
        for key in sorted(value.keys() - {"type", "block_id", *required.split(), *optional.split()}):
            self.add(f"invalid additional property: {key}", where)

    def blocks(self, blocks: Any) -> None:
        seen: set[str] = set()
        charts = letters = 0
        for index, block in enumerate(self.count(blocks, "/blocks", MAX_BLOCKS[self.surface], 0)):
            where = f"/blocks/{index}"
            if not isinstance(block, dict) or block.get("type") not in SURFACES[self.surface]:
                kind = block.get("type") if isinstance(block, dict) else block
                self.add(f"unsupported type: {kind}", f"{where}/type")
                continue
            self.length(block.get("block_id"), f"{where}/block_id", 255)
            if block.get("block_id") in seen:
                self.add(f"duplicate block_id: {block['block_id']}", where)
            seen.add(block.get("block_id") or f"/{index}")
            charts += block["type"] == "data_visualization"
            letters += len(str(block.get("text"))) if block["type"] == "markdown" else 0
            if block["type"] in _BLOCKS:
                self.properties(block, where, *_BLOCKS[block["type"]])
                getattr(self, f"_{block['type']}", lambda *_: None)(block, where)
        if charts > 2:
            self.add("no more than 2 data_visualization blocks allowed", "/blocks")
        if letters > 12_000:
            self.add("markdown blocks must be less than 12001 characters together", "/blocks")

    def _header(self, block: Json, where: str) -> None:
        self.text(block.get("text"), f"{where}/text", 150, plain=True, required=False)

    def _section(self, block: Json, where: str) -> None:
        if not block.get("text") and not block.get("fields"):
            self.add("missing required field: text or fields", where)
        self.text(block.get("text"), f"{where}/text", 3000, required=False)
        if "fields" in block:
            for index, item in enumerate(self.count(block["fields"], f"{where}/fields", 10)):
                self.text(item, f"{where}/fields/{index}", 2000)
        if "accessory" in block:
            self.element(block["accessory"], f"{where}/accessory", "accessory")

    def _context(self, block: Json, where: str) -> None:
        for index, item in enumerate(self.count(block.get("elements"), f"{where}/elements", 10)):
            if isinstance(item, dict) and item.get("type") == "image":
                self.element(item, f"{where}/elements/{index}", "accessory")
            else:
                self.text(item, f"{where}/elements/{index}", 3000)

    def _actions(self, block: Json, where: str) -> None:
        items = self.count(block.get("elements"), f"{where}/elements", 25)
        ids = [str(e["action_id"]) for e in items if isinstance(e, dict) and e.get("action_id")]
        for repeated in sorted({i for i in ids if ids.count(i) > 1}):
            self.add(f"action_id {repeated!r} already exists in this block", where)
        for index, item in enumerate(items):
            self.element(item, f"{where}/elements/{index}", "actions")

    def _input(self, block: Json, where: str) -> None:
        self.text(block.get("label"), f"{where}/label", 2000, plain=True, required=False)
        self.text(block.get("hint"), f"{where}/hint", 2000, plain=True, required=False)
        self.element(block.get("element"), f"{where}/element", "input")

    def _image(self, block: Json, where: str) -> None:
        self.length(block.get("alt_text"), f"{where}/alt_text", 2000, 1)
        self.length(block.get("image_url"), f"{where}/image_url", 3000, 1)
        if "image_url" not in block and "slack_file" not in block:
            self.add("missing required field: image_url or slack_file", where)

    def _markdown(self, block: Json, where: str) -> None:
        self.length(block.get("text"), f"{where}/text", 12_000, 1)

    def _table(self, block: Json, where: str) -> None:
        for index, row in enumerate(self.count(block.get("rows"), f"{where}/rows", 100)):
            for at, cell in enumerate(self.count(row, f"{where}/rows/{index}", 20)):
                if not isinstance(cell, dict) or cell.get("type") not in ("raw_text", "raw_number", "rich_text"):
                    self.add(
                        "unsupported type: must be raw_text, raw_number or rich_text", f"{where}/rows/{index}/{at}"
                    )
                elif cell["type"] == "raw_text":
                    self.length(cell.get("text"), f"{where}/rows/{index}/{at}/text", 3000, 1)

    def _data_visualization(self, block: Json, where: str) -> None:
        self.length(block.get("title"), f"{where}/title", 50, 1)
        chart = block.get("chart")
        if not isinstance(chart, dict) or chart.get("type") not in ("line", "bar", "area", "pie"):
            self.add("unsupported type: must be line, bar, area or pie", f"{where}/chart/type")
            return
        if chart["type"] == "pie":
            self.count(chart.get("segments"), f"{where}/chart/segments", 12)
            return
        axes = chart.get("axis_config") or {}
        categories = self.count(axes.get("categories"), f"{where}/chart/axis_config/categories", 20)
        for label in categories:
            self.length(label, f"{where}/chart/axis_config/categories", 20, 1)
        for name in ("x_label", "y_label"):
            self.length(axes.get(name), f"{where}/chart/axis_config/{name}", 50)
        for index, series in enumerate(self.count(chart.get("series"), f"{where}/chart/series", 12)):
            at = f"{where}/chart/series/{index}"
            self.length(series.get("name"), f"{at}/name", 20, 1)
            points = self.count(series.get("data"), f"{at}/data", 20)
            if [p.get("label") for p in points] != categories:
                self.add("must have one point for each category, in their order", f"{at}/data")
            if not all(isinstance(p.get("value"), int | float) for p in points):
                self.add("must be a number", f"{at}/data")

    def element(self, value: Any, where: str, place: str) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in _WHERE[place]:
            self.add(f"unsupported type: {kind}", f"{where}/type")
            return
        if kind in _ELEMENTS:
            self.properties(value, where, *_ELEMENTS[kind])
        self.length(value.get("action_id"), f"{where}/action_id", 255, 1)
        self.text(value.get("placeholder"), f"{where}/placeholder", 150, plain=True, required=False)
        if "confirm" in value:
            confirm = value["confirm"] if isinstance(value["confirm"], dict) else {}
            for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
                self.text(confirm.get(name), f"{where}/confirm/{name}", most, plain=name != "text", required=False)
        match kind:
            case "button":
                self.text(value.get("text"), f"{where}/text", 75, plain=True, required=False)
                self.length(value.get("value"), f"{where}/value", 2000)
                self.length(value.get("url"), f"{where}/url", 3000)
                if value.get("style") not in (None, "primary", "danger"):
                    self.add("must be primary or danger", f"{where}/style")
            case "image":
                self._image(value, where)
            case "overflow":
                self.options(value.get("options"), f"{where}/options", 5)
            case "radio_buttons" | "checkboxes":
                self.options(value.get("options"), f"{where}/options", 10)
            case "static_select" | "multi_static_select":
                if "option_groups" in value:
                    for index, group in enumerate(self.count(value["option_groups"], f"{where}/option_groups", 100)):
                        self.options(group.get("options"), f"{where}/option_groups/{index}/options", 100)
                else:
                    self.options(value.get("options"), f"{where}/options", 100)
            case "external_select":
                if "initial_option" in value:
                    self.options([value["initial_option"]], f"{where}/initial_option", 1)
            case "plain_text_input":
                self.length(value.get("initial_value"), f"{where}/initial_value", 3000)
                if not 0 < value.get("max_length", 3000) <= 3000:
                    self.add("must be between 1 and 3000", f"{where}/max_length")
            case "number_input":
                for name in ("initial_value", "min_value", "max_value"):
                    self.length(value.get(name), f"{where}/{name}", 100)

    def options(self, options: Any, where: str, most: int) -> None:
        for index, option in enumerate(self.count(options, where, most)):
            at = f"{where}/{index}"
            if not isinstance(option, dict):
                self.add("must be an object", at)
                continue
            self.text(option.get("text"), f"{at}/text", 75)
            self.text(option.get("description"), f"{at}/description", 75, required=False)
            if not option.get("value"):
                self.add("missing required field: value", at)
            self.length(option.get("value"), f"{at}/value", 150)
