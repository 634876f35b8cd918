"""The App Home: what waits for me, what runs, what is done, what it cost, how to begin.

Shows a person only what they may see. Pure.
"""

from collections.abc import Sequence
from typing import Any

from slack_sdk.models.blocks import Block, ButtonElement, DividerBlock, PlainTextObject
from slack_sdk.models.views import View

from bot.models import Examples, Run
from bot.states import RunStatus
from handlers.views import answers, text
from handlers.views import messages as m
from handlers.views.settings import settings_button
from handlers.views.spending import Spending, spending_text

#: Opens the form for a new run.
BEGIN = "finetune.begin"

_S = RunStatus
_ACTIVE = {_S.RECEIVED, _S.APPROVED, _S.SUBMITTING, _S.QUEUED, _S.RUNNING}
#: Lines of each list.
_LISTED = 10


def home(
    mine: Sequence[Run],
    to_decide: Sequence[Run],
    examples: Examples,
    spending: Spending | None = None,
    *,
    reader: str = "",
    workspace_url: str = "",
) -> dict[str, Any]:
    """Build the view. `mine`: the viewer's own runs; `to_decide`: plans of others that the viewer may approve.

    `reader`: the viewer's Slack id. `workspace_url`: what auth.test names; "": the runs are listed without the way to
    their threads.
    """
    asked = [run for run in mine if run.status is _S.DRAFTING]
    waiting = [run for run in mine if run.status is _S.PROPOSED and not run.request.plan_only]
    active = [run for run in mine if run.status in _ACTIVE]
    # a request that could not be planned was answered where it was asked, and is no run
    done = [run for run in mine if run.is_final and run.status is not _S.REFUSED]
    blocks: list[Block] = [m.header("Tunesmith"), m.buttons("begin", _begin(), settings_button())]
    blocks += _listed("Waiting for your decision", to_decide, reader, workspace_url)
    blocks += _listed("Waiting for your answer", asked, reader, workspace_url)
    blocks += _listed("Your plans that wait for approval", waiting, reader, workspace_url)
    blocks += _listed("Your runs under way", active, reader, workspace_url)
    blocks += _listed("Your finished runs", done, reader, workspace_url)
    if not (asked or waiting or active or done or to_decide):
        blocks.append(m.section("You have no runs yet."))
    if spending is not None:
        blocks.append(m.section(spending_text(spending)))
    blocks += [
        DividerBlock(),
        m.section(
            "*How to begin*\nIn any channel that I am in, type"
            f" {text.code(f'/finetune {examples.request}')}. I answer with a plan and its"
            f" price; nothing runs until somebody approves it. {text.code('/finetune help')} shows the rest,"
            f" {text.code('/finetune runs failed mine')} finds a run again."
        ),
    ]
    return View(type="home", blocks=blocks).to_dict()


def _begin() -> ButtonElement:
    return ButtonElement(
        text=PlainTextObject(text="New run", emoji=False),
        action_id=BEGIN,
        style="primary",
        accessibility_label="Open the form for a new run",
    )


def _listed(title: str, runs: Sequence[Run], reader: str, workspace_url: str) -> list[Block]:
    if not runs:
        return []
    lines = [answers.line(run, reader=reader, workspace_url=workspace_url) for run in runs[:_LISTED]]
    if len(runs) > _LISTED:
        lines.append(f"and {len(runs) - _LISTED} more: {text.code('/finetune runs mine')}")
    return [m.section(f"*{title}*\n{text.listing(lines, 2800)}")]
