"""The App Home: what waits for me, what runs, what is done, what it cost, how to begin.

Shows a person only what they may see. Pure.
"""

from collections.abc import Sequence
from typing import Any

from slack_sdk.models.blocks import Block, ButtonElement, DividerBlock, PlainTextObject
from slack_sdk.models.views import View

from bot.models import Examples, Run, Value
from bot.states import RunStatus
from handlers.views import answers, text
from handlers.views import messages as m

#: Opens the form for a new run.
BEGIN = "finetune.begin"

_S = RunStatus
_ACTIVE = {_S.RECEIVED, _S.DRAFTING, _S.APPROVED, _S.SUBMITTING, _S.QUEUED, _S.RUNNING}
#: Lines of each list.
_LISTED = 10


class Spent(Value):
    """What jobs cost since the month began, US dollars, as the Hub bills them."""

    #: "November"
    month: str
    mine_usd: float
    everybody_usd: float
    #: What their plans may still cost at most, of all runs that are under way.
    promised_usd: float


def home(
    mine: Sequence[Run], to_decide: Sequence[Run], examples: Examples, spent: Spent | None = None
) -> dict[str, Any]:
    """Build the view. `mine`: the viewer's own runs; `to_decide`: plans of others that the viewer may approve."""
    waiting = [run for run in mine if run.status is _S.PROPOSED]
    active = [run for run in mine if run.status in _ACTIVE]
    # a request that could not be planned was answered where it was asked, and is no run
    done = [run for run in mine if run.is_final and run.status is not _S.REFUSED]
    blocks: list[Block] = [m.header("Tunesmith"), m.buttons("begin", _begin())]
    blocks += _listed("Waiting for your decision", to_decide)
    blocks += _listed("Your plans that wait for approval", waiting)
    blocks += _listed("Your runs under way", active)
    blocks += _listed("Your finished runs", done)
    if not (waiting or active or done or to_decide):
        blocks.append(m.section("You have no runs yet."))
    if spent is not None:
        blocks.append(m.section(_spending(spent)))
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


def _spending(spent: Spent) -> str:
    promised = (
        f"\nRuns under way may cost up to {text.ceiling(spent.promised_usd)} in all." if spent.promised_usd else ""
    )
    return (
        f"*Spent in {text.escape(spent.month, 20)}*\n{text.money(spent.mine_usd)} by your runs,"
        f" {text.money(spent.everybody_usd)} by everybody's.{promised}"
    )


def _listed(title: str, runs: Sequence[Run]) -> list[Block]:
    if not runs:
        return []
    lines = [f"{answers.line(run)} · <#{run.place.channel}>" for run in runs[:_LISTED]]
    if len(runs) > _LISTED:
        lines.append(f"and {len(runs) - _LISTED} more: {text.code('/finetune runs mine')}")
    return [m.section(f"*{title}*\n{text.listing(lines)}")]
