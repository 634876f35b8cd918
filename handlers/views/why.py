"""The window behind "Why this plan": everything that was looked at, counted and computed. Pure.

The words are the planner's own (bot/planning/explain.py), the same as `tunesmith plan` prints.
"""

from typing import Any

from slack_sdk.models.blocks import Block, PlainTextObject
from slack_sdk.models.views import View

from bot.models import Plan, Run
from bot.planning import CHOSEN, explain
from handlers.views import fields, text
from handlers.views import messages as m

_LEVELS = {"ok": "✓", "info": "·", "warning": "⚠️", "stop": "🚫"}
#: Characters of one section; Slack takes 3,000.
_SECTION = 2800


def why_window(run: Run, plan: Plan) -> dict[str, Any]:
    """Build the modal for the run's newest plan."""
    checks = [f"{_LEVELS[check.level]} {text.escape(check.text, 600)}" for check in plan.checks]
    blocks: list[Block] = [m.section(f"*Checked before anybody may approve*\n{_lines(checks)}")]
    if plan.example:
        blocks.append(
            m.section(f"*The first row as the trainer reads it*\n{text.fence(plan.example.splitlines(), 2000)}")
        )
    for reason in explain(plan):
        # values under the names that people know them by
        plain = (text.escape(line, 600) for line in reason.lines)
        lines = fields.chosen_lines(plan) if reason.title == CHOSEN else list(plain)
        blocks.append(m.section(f"*{text.escape(reason.title, 100)}*\n{_lines(lines)}"))
    if routine := fields.routine_line(plan):
        blocks.append(m.context(f"As usual: {routine}"))
    return View(
        type="modal",
        title=PlainTextObject(text=text.plain(f"Why plan {run.revision}", 24)),
        close=PlainTextObject(text="Close"),
        blocks=blocks,
    ).to_dict()


def _lines(lines: list[str]) -> str:
    """As many lines as fit; the last one counts what was left out."""
    kept: list[str] = []
    room = _SECTION
    for line in lines:
        if (room := room - len(line) - 1) < 0:
            return "\n".join([*kept, f"… and {len(lines) - len(kept)} more"])
        kept.append(line)
    return "\n".join(kept)
