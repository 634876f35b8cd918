"""The App Home: what waits for me, what runs, what is done, how to begin. Shows a person only what they may see."""

from collections.abc import Sequence
from typing import Any

from slack_sdk.models.blocks import Block, DividerBlock
from slack_sdk.models.views import View

from bot.models import Run
from bot.states import RunStatus
from handlers.views import answers, text
from handlers.views import messages as m

_S = RunStatus
_ACTIVE = {_S.RECEIVED, _S.DRAFTING, _S.APPROVED, _S.SUBMITTING, _S.QUEUED, _S.RUNNING}
#: Lines of each list.
_LISTED = 10


def home(mine: Sequence[Run], to_decide: Sequence[Run]) -> dict[str, Any]:
    """Build the view. `mine`: the viewer's own runs; `to_decide`: plans of others that the viewer may approve."""
    waiting = [run for run in mine if run.status is _S.PROPOSED]
    active = [run for run in mine if run.status in _ACTIVE]
    done = [run for run in mine if run.is_final]
    blocks: list[Block] = [m.header("Tunesmith")]
    blocks += _listed("Waiting for your decision", to_decide)
    blocks += _listed("Your plans that wait for approval", waiting)
    blocks += _listed("Your runs under way", active)
    blocks += _listed("Your finished runs", done)
    if not (mine or to_decide):
        blocks.append(m.section("You have no runs yet."))
    blocks += [
        DividerBlock(),
        m.section(
            "*How to begin*\nIn any channel that I am in, type"
            f" {text.code('/finetune Qwen/Qwen3-0.6B on trl-lib/Capybara')}. I answer with a plan and its"
            f" price; nothing runs until somebody approves it. {text.code('/finetune help')} shows the rest."
        ),
    ]
    return View(type="home", blocks=blocks).to_dict()


def _listed(title: str, runs: Sequence[Run]) -> list[Block]:
    if not runs:
        return []
    lines = [f"{answers.line(run)} · <#{run.place.channel}>" for run in runs[:_LISTED]]
    return [m.section(f"*{title}*\n{text.listing(lines)}")]
